// SPDX-License-Identifier: MIT
#include "runtime/plan/plan.hpp"

#include <algorithm>
#include <chrono>

#include "runtime/core/error.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

void Plan::run(const Tensor& x, const Tensor& y, Scale s, Context& context) const {
  for (const WeightPtr& w : weights_) w->check();
  Frame frame;
  frame.input = static_cast<std::byte*>(x.data());
  frame.output = static_cast<std::byte*>(y.data());
  frame.offsets = offsets_.data();
  frame.scale = s;
  frame.stream = context.stream.get();
  frame.backend = &context.backend();
  if (s.alpha == 0.0) {
    const RawView out = y.view();
    if (s.beta == 0.0) {
      frame.backend->fill(0.0, out, *frame.stream);
    } else if (s.beta != 1.0) {
      frame.backend->axpby(out, false, {s.beta, 0.0}, out, *frame.stream);
    }
    return;
  }
  Arena::Lease lease;
  if (workspace_ > 0) {
    lease = Arena::lease(workspace_, context);
    frame.workspace = lease.data();
  }
  for (const auto& step : steps_) {
    context.poll();
    step->run(frame);
  }
}

double Plan::flops() const noexcept {
  double sum = 0;
  for (const auto& s : steps_) sum += s->flops;
  return sum;
}

double Plan::bytes() const noexcept {
  double sum = 0;
  for (const auto& s : steps_) sum += s->bytes;
  return sum;
}

std::shared_ptr<const Plan> make_plan(const Node& node,
                                      const Layout& x,
                                      DType dtype,
                                      const std::vector<int64_t>* y_strides,
                                      Context& context,
                                      const PlanOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  if (!is_floating(dtype)) {
    fail(Code::dtype, "apply",
         "x is {}; operators take f32, f64, c64 and c128, so use x:as \"f32\"", name_of(dtype));
  }
  const Binding binding = bind(signature_of(node), label_of(node), x.shape);
  check_data(node, dtype, context.device);
  const Shape out = output_of(node, binding.input);
  require_known(node, out);
  const Shape shown = binding.is_named ? Shape(binding.output.dims(), out.extents())
                                       : Shape::unnamed(out.extents());

  Operand from, to;
  from.shape = binding.input;
  from.strides = x.strides;
  from.dtype = dtype;
  to.dtype = result_dtype(node, dtype);
  to.shape = out;
  to.strides = y_strides == nullptr ? row_major(out.extents()) : *y_strides;
  to.place = Place::output;

  Builder builder(context, options);
  builder.watch(node);
  builder.lower(node, from, to, StepScale{1.0, true, StepScale::Beta::callers});
  const auto layout = std::make_shared<Layout>();
  layout->shape = shown;
  layout->strides = to.strides;
  layout->is_contiguous = to.is_contiguous();
  if (!options.is_dry) {
    if (const std::string note = context.backend().take_note(); !note.empty()) {
      context.warn("plan", note);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return builder.finish(layout, to.dtype, took.count());
}

Tensor apply_planned(const Linop& a,
                     const Tensor& x,
                     Context& context,
                     const PlanOptions& options) {
  const auto plan = make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context, options);
  const size_t bytes = static_cast<size_t>(plan->output()->shape.count()) * size_of(plan->dtype());
  Tensor y(Storage::make(bytes, context, plan->output(), plan->dtype()), plan->output(), 0,
           plan->dtype());
  plan->run(x, y, {}, context);
  return y;
}

}  // namespace lunops
