// SPDX-License-Identifier: MIT
#include "runtime/plan/plan.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/linop/container/planned.hpp"
#include "runtime/plan/builder.hpp"
#include "runtime/plan/execution.hpp"

namespace lunops {

void Plan::run_into(
    const Tensor& x, const Tensor& y, Scale s, Context& context, size_t given_output_bytes) const {
  check_weights();
  if (s.alpha == 0.0) {
    Context there = on_device(y.device(), context);
    const RawView out = y.view();
    if (s.beta == 0.0) {
      there.backend().fill(0.0, out, *there.stream);
    } else if (s.beta != 1.0) {
      there.backend().axpby(out, false, {s.beta, 0.0}, out, *there.stream);
    }
    return;
  }
  const bool reports = report_ != nullptr && report_->is_watching();
  if (is_on_one_stream() && tiles_.empty() && !reports && context.timeline == nullptr) {
    run_plain(x, y, s, context);
    return;
  }
  if (!reports) {
    Execution(*this, x, y, s, context).run();
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  try {
    Execution(*this, x, y, s, context).run();
  } catch (...) {
    report_->abandon();
    throw;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  report_->end(took.count(), given_output_bytes);
}

// The steps one after another on one device, which most plans are: nothing is allocated, so that an
// application costs little more than its kernels.
void Plan::run_plain(const Tensor& x, const Tensor& y, Scale s, Context& context) const {
  const Arena::Lease lease = Arena::lease(workspaces_.front(), context);
  std::byte* const workspace = lease.data();
  Frame frame;
  frame.input = static_cast<std::byte*>(x.data());
  frame.output = static_cast<std::byte*>(y.data());
  frame.workspaces = &workspace;
  frame.slots = slots_.data();
  frame.scale = s;
  frame.context = &context;
  frame.stream = context.stream.get();
  frame.backend = &context.backend();
  for (const auto& step : steps_) {
    context.poll();
    step->perform(frame);
  }
}

void Plan::check_weights() const {
  for (const WeightPtr& w : weights_) w->check();
}

// Of the host, or of one GPU and nothing beside it.
bool Plan::is_on_one_stream() const noexcept {
  if (devices_.size() != 1) return false;
  if (schedule_.is_sequential()) return true;
  return is_gpu(devices_.front()) && schedule_.queues.size() == 2 &&
         std::all_of(schedule_.entries.begin(), schedule_.entries.end(),
                     [](const Schedule::Entry& e) { return e.queue != 0; });
}

bool Plan::is_repeatable() const {
  // Reports measure the first application, and groups of steps run on other threads.
  return is_gpu(devices_.front()) && is_on_one_stream() && tiles_.empty() && !asks_host() &&
         (report_ == nullptr || !report_->is_watching()) &&
         std::none_of(steps_.begin(), steps_.end(), [](const std::unique_ptr<Step>& step) {
           return dynamic_cast<const GroupStep*>(step.get()) != nullptr;
         });
}

bool Plan::asks_host() const noexcept {
  return progress_ != nullptr ||
         std::any_of(steps_.begin(), steps_.end(), [](const std::unique_ptr<Step>& step) {
           return step->is_host_callback || step->has_own_time;
         });
}

size_t Plan::workspace() const noexcept {
  return std::accumulate(workspaces_.begin(), workspaces_.end(), size_t{0});
}

size_t Plan::persistent() const noexcept {
  return std::accumulate(persistents_.begin(), persistents_.end(), size_t{0});
}

Tensor Plan::run(const Tensor& x, Context& context) const {
  const auto make = [&](Context& there) {
    const size_t bytes = static_cast<size_t>(output_->shape.count()) * size_of(dtype_);
    return Tensor(Storage::make(bytes, there, output_, dtype_), output_, 0, dtype_);
  };
  Tensor y;
  if (output_device_ == context.device) {
    y = make(context);
  } else {
    Context there = on_device(output_device_, context);
    y = make(there);
  }
  run_into(x, y, {}, context, 0);
  return y;
}

bool Plan::is_current() const noexcept {
  if (has_peer_ && *has_peer_ != virtual_devices()->peer) return false;
  return std::all_of(settings_.begin(), settings_.end(), [](const Setting& s) {
    return s.workers->threaded == s.threaded && s.workers->count == s.count;
  });
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

namespace {

// The shape of the result with extents of `y` where nothing else knows them.
Shape told(const Node& node, const Shape& x, Shape out, const Shape& y) {
  if (out.ndim() != y.ndim()) return out;
  for (int i = 0; i < out.ndim(); ++i) {
    if (out.extent(i) == kUnknown) out = out.with_extent(i, y.extent(i));
  }
  if (node.core->without_adjoint() != nullptr) return out;
  // The other way round these extents must lead back to the input.
  const Shape back = output_of(with_mode(node, Mode::adjoint), out);
  for (int i = 0; i < x.ndim(); ++i) {
    if (back.extent(i) == kUnknown || back.extent(i) == x.extent(i)) continue;
    fail(Code::shape, "apply", "out is {}, which {} does not make of {}", y.braced(),
         label_of(node), x.braced());
  }
  return out;
}

// The report of a plan whose steps are being made, given up where that fails.
class Measuring {
 public:
  Measuring(std::shared_ptr<PlanReport> report,
            const Node& node,
            size_t input_bytes,
            Context& context)
      : report_(std::move(report)) {
    if (report_ != nullptr) report_->begin(node, input_bytes, context);
  }
  ~Measuring() {
    if (report_ != nullptr) report_->abandon();
  }
  Measuring(const Measuring&) = delete;
  void planned() {
    if (report_ != nullptr) std::exchange(report_, nullptr)->planned();
  }

 private:
  std::shared_ptr<PlanReport> report_;  // null: nobody measures
};

}  // namespace

std::shared_ptr<const Plan> make_plan(const Node& node,
                                      const Layout& x,
                                      DType dtype,
                                      const Layout* y,
                                      Context& context,
                                      const PlanOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  if (!is_floating(dtype)) {
    fail(Code::dtype, "apply",
         "x is {}; operators take f32, f64, c64 and c128, so use x:as \"f32\"", name_of(dtype));
  }
  const Binding binding = bind(signature_of(node), label_of(node), x.shape);
  check_data(node, dtype, context.device);
  Shape out = output_of(node, binding.input);
  const bool is_told = y != nullptr && !out.is_known();
  if (is_told) out = told(node, binding.input, std::move(out), y->shape);
  require_known(node, out);
  const Shape shown = binding.is_named ? Shape(binding.output.dims(), out.extents())
                                       : Shape::unnamed(out.extents());

  Operand from, to;
  from.shape = binding.input;
  from.strides = x.strides;
  from.dtype = dtype;
  from.device = context.device;
  to.device = result_device(node, context.device);
  to.dtype = result_dtype(node, dtype);
  to.shape = out;
  const bool is_strided = y != nullptr && !y->is_contiguous && y->shape.extents() == out.extents();
  to.strides = is_strided ? y->strides : row_major(out.extents());
  to.place = Place::output;

  Builder builder(context, options);
  const PlannedCore* planned = as_planned(node);
  const auto report =
      planned == nullptr || options.is_dry ? nullptr : std::shared_ptr(planned->report());
  Measuring measuring(report, node, static_cast<size_t>(x.shape.count()) * size_of(dtype), context);
  if (report != nullptr) builder.measure(report);
  builder.watch(node);
  if (is_told) builder.told_result();
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
  measuring.planned();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return builder.finish(layout, to, took.count());
}

Tensor apply_planned(const Linop& a,
                     const Tensor& x,
                     Context& context,
                     const PlanOptions& options) {
  Context here = on_device(x.device(), context);
  const auto plan = make_plan(a.node(), *x.layout(), x.dtype(), nullptr, here, options);
  return plan->run(x, here);
}

}  // namespace lunops
