// SPDX-License-Identifier: MIT
#include "runtime/linop/system/host_step.hpp"

#include <algorithm>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

bool has(const std::vector<int>& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// " use y:permute …" where only the order is wrong.
std::string order_hint(const Shape& got, const Shape& expected) {
  std::vector<std::string> a, b;
  for (const Dim& d : got.dims()) a.push_back(d.text());
  for (const Dim& d : expected.dims()) b.push_back(d.text());
  std::string names;
  for (const std::string& name : b) names += (names.empty() ? "" : " ") + name;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b ? fmt::format("; return y:permute \"{}\"", names) : std::string();
}

void check_result(const HostCall& call, const Tensor& x, const Tensor& y, const Layout& expected) {
  const Shape& shape = expected.shape;
  if (y.is_empty_handle()) {
    fail(Code::argument, call.owner, "{} returned no tensor; its result is {}", call.role,
         shape.braced());
  }
  const bool has_names = !shape.is_named() || !y.shape().is_named() ||
                         y.shape().without_primes().dims() == shape.dims();
  if (y.shape().extents() != shape.extents() || !has_names) {
    fail(Code::shape, call.owner, "{} returned {} but its result is {}{}", call.role,
         y.shape().braced(), shape.braced(), order_hint(y.shape().without_primes(), shape));
  }
  if (y.dtype() != x.dtype()) {
    fail(Code::dtype, call.owner, "{} was given {} and returned {}; the dtype does not change",
         call.role, name_of(x.dtype()), name_of(y.dtype()));
  }
  if (y.device() != x.device()) {
    fail(Code::device, call.owner, "{} was given a tensor on {} and returned one on {}", call.role,
         x.device().text(), y.device().text());
  }
}

class HostStep final : public Step {
 public:
  HostStep(HostCall call,
           const Operand& x,
           const std::vector<int>& batch_x,
           const Operand& y,
           const std::vector<int>& batch_y,
           StepScale scale)
      : call_(std::move(call)),
        input_(host_layout(x, batch_x)),
        output_(host_layout(y, batch_y)),
        scale_(scale) {
    is_host_callback = true;
    refs = {element(x, batch_x), element(y, batch_y)};
    for (size_t i = 0; i < batch_x.size(); ++i) {
      loops_.push_back({x.shape.extent(batch_x[i]), x.strides[static_cast<size_t>(batch_x[i])],
                        y.strides[static_cast<size_t>(batch_y[i])]});
    }
    bytes = static_cast<double>(size_of(x.dtype)) *
            static_cast<double>(x.shape.count() + y.shape.count());
  }

  void run(const Frame& f) const override {
    int64_t calls = 1;
    for (const Loop& l : loops_) calls *= l.extent;
    const RawView x = refs[0].at(f), y = refs[1].at(f);
    for (int64_t c = 0; c < calls; ++c) {
      f.context->poll();
      RawView from = x, to = y;
      int64_t rest = c;
      for (size_t i = loops_.size(); i-- > 0;) {
        const int64_t index = rest % loops_[i].extent;
        rest /= loops_[i].extent;
        shift(from, index * loops_[i].x);
        shift(to, index * loops_[i].y);
      }
      const Tensor copy = Tensor::empty(input_, from.dtype, *f.context);
      f.backend->copy(from, call_.conjugate, copy.view(), *f.stream);
      const Tensor made = call_.function(copy, *f.context);
      check_result(call_, copy, made, *output_);
      f.backend->axpby(made.view(), call_.conjugate, f.resolve(scale_), to, *f.stream);
    }
  }

 private:
  struct Loop {
    int64_t extent, x, y;  // strides
  };

  static Ref element(const Operand& o, const std::vector<int>& batch) {
    std::vector<int64_t> extents, strides;
    for (int i = 0; i < o.shape.ndim(); ++i) {
      if (has(batch, i)) continue;
      extents.push_back(o.shape.extent(i));
      strides.push_back(o.strides[static_cast<size_t>(i)]);
    }
    return make_ref(o, extents, strides);
  }
  static void shift(RawView& v, int64_t elements) noexcept {
    v.data = static_cast<std::byte*>(v.data) + elements * static_cast<int64_t>(size_of(v.dtype));
  }

  HostCall call_;
  std::shared_ptr<const Layout> input_, output_;
  StepScale scale_;
  std::vector<Loop> loops_;
};

}  // namespace

Tensor call_host(const HostCall& call, const Tensor& x, const Layout& expected, Context& context) {
  Tensor copy = x.clone(context);
  if (call.conjugate) copy = unary(Unary::conj, copy, context);
  const Tensor y = call.function(copy, context);
  check_result(call, copy, y, expected);
  return call.conjugate ? unary(Unary::conj, y, context) : y;
}

std::shared_ptr<const Layout> host_layout(const Operand& operand, const std::vector<int>& batch) {
  std::vector<Dim> dims;
  std::vector<int64_t> extents;
  bool is_named = true;
  for (int i = 0; i < operand.shape.ndim(); ++i) {
    if (has(batch, i)) continue;
    const Dim dim = operand.shape.dim(i).without_primes();
    is_named = is_named && !dim.name.empty() && !dim.name.text().starts_with('#');
    dims.push_back(dim);
    extents.push_back(operand.shape.extent(i));
  }
  return Layout::row_major(is_named ? Shape(std::move(dims), std::move(extents))
                                    : Shape::unnamed(std::move(extents)));
}

std::unique_ptr<Step> host_step(HostCall call,
                                const Operand& x,
                                const std::vector<int>& batch_x,
                                const Operand& y,
                                const std::vector<int>& batch_y,
                                const StepScale& scale) {
  return std::make_unique<HostStep>(std::move(call), x, batch_x, y, batch_y, scale);
}

}  // namespace lunops
