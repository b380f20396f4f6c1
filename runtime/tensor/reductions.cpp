// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/tensor/broadcast.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

std::string_view name_of(Reduction op) noexcept {
  switch (op) {
    case Reduction::sum:
      return "sum";
    case Reduction::mean:
      return "mean";
    case Reduction::min:
      return "min";
    case Reduction::max:
      return "max";
    case Reduction::norm:
      return "norm";
    case Reduction::any:
      return "any";
    case Reduction::all:
      return "all";
  }
  __builtin_unreachable();
}

DType result_dtype(Reduction op, DType x) {
  switch (op) {
    case Reduction::sum:
      return is_floating(x) ? x : DType::i64;
    case Reduction::mean:
      return is_floating(x) ? x : DType::f64;
    case Reduction::norm:
      return is_floating(x) ? real_of(x) : DType::f64;
    case Reduction::min:
    case Reduction::max:
      if (is_complex(x)) {
        fail(Code::dtype, name_of(op),
             "complex numbers have no order; take x:abs() or x.real first");
      }
      return x;
    case Reduction::any:
    case Reduction::all:
      return DType::boolean;
  }
  __builtin_unreachable();
}

// Floating, and of one dtype.
struct Pair {
  Tensor x, y;
};

Tensor floating(const Tensor& x, Context& context) {
  return is_floating(x.dtype()) ? x : x.as(DType::f64, context);
}

// Two views of equal extents as {batch, n} slabs with as few of them as the strides allow; calls
// f(x, y) for each in order.
template <class F>
void for_slabs(RawView x, RawView y, const F& f) {
  if (x.empty()) return;
  // Neighbouring dims without a gap in both become one.
  int kept = -1;
  for (int d = 0; d < x.ndim; ++d) {
    const auto k = static_cast<size_t>(d);
    if (x.extent[k] == 1) continue;
    const auto o = static_cast<size_t>(kept);
    if (kept >= 0 && x.stride[o] == x.extent[k] * x.stride[k] &&
        y.stride[o] == y.extent[k] * y.stride[k]) {
      x.extent[o] *= x.extent[k];
      y.extent[o] = x.extent[o];
      x.stride[o] = x.stride[k];
      y.stride[o] = y.stride[k];
    } else {
      ++kept;
      const auto n = static_cast<size_t>(kept);
      x.extent[n] = y.extent[n] = x.extent[k];
      x.stride[n] = x.stride[k];
      y.stride[n] = y.stride[k];
    }
  }
  const int ndim = kept + 1;
  const auto slab = [&](const RawView& v, int64_t offset) {
    RawView s;
    s.data = static_cast<std::byte*>(v.data) + offset * static_cast<int64_t>(size_of(v.dtype));
    s.dtype = v.dtype;
    s.ndim = 2;
    const auto last = static_cast<size_t>(ndim - 1);
    s.extent[0] = ndim >= 2 ? v.extent[last - 1] : 1;
    s.stride[0] = ndim >= 2 ? v.stride[last - 1] : 0;
    s.extent[1] = ndim >= 1 ? v.extent[last] : 1;
    s.stride[1] = ndim >= 1 ? v.stride[last] : 1;
    return s;
  };
  const auto visit = [&](const auto& self, int d, int64_t at_x, int64_t at_y) -> void {
    if (d + 2 >= ndim) {
      f(slab(x, at_x), slab(y, at_y));
      return;
    }
    const auto k = static_cast<size_t>(d);
    for (int64_t i = 0; i < x.extent[k]; ++i) {
      self(self, d + 1, at_x + i * x.stride[k], at_y + i * y.stride[k]);
    }
  };
  visit(visit, 0, 0, 0);
}

// Results of one slab; on the stack unless there are many.
template <class T>
class Results {
 public:
  explicit Results(int64_t n) {
    if (n > 16) many_.resize(static_cast<size_t>(n));
  }
  T* data() noexcept { return many_.empty() ? few_ : many_.data(); }

 private:
  T few_[16];
  std::vector<T> many_;
};

}  // namespace

Tensor reduce(Reduction op, const Tensor& x, const std::vector<int>& dims, Context& context) {
  const DType dtype = result_dtype(op, x.dtype());
  std::vector<bool> reduced(static_cast<size_t>(x.ndim()), false);
  int64_t count = 1;
  for (const int d : dims) {
    if (d < 0 || d >= x.ndim()) {
      fail(Code::shape, name_of(op), "there is no dim {} in {}", d + 1, x.shape().braced());
    }
    if (reduced[static_cast<size_t>(d)]) {
      fail(Code::shape, name_of(op), "dim {} of {} is named twice", d + 1, x.shape().braced());
    }
    reduced[static_cast<size_t>(d)] = true;
    count *= x.shape().extent(d);
  }
  if (count == 0 && (op == Reduction::min || op == Reduction::max || op == Reduction::mean)) {
    fail(Code::shape, name_of(op), "{} has no elements to take it of", x.shape().braced());
  }
  std::vector<Dim> kept_dims;
  std::vector<int64_t> kept_extents;
  for (int d = 0; d < x.ndim(); ++d) {
    if (reduced[static_cast<size_t>(d)]) continue;
    kept_dims.push_back(x.shape().dim(d));
    kept_extents.push_back(x.shape().extent(d));
  }
  Context here = on_device(x.device(), context);
  Tensor y = Tensor::empty(Shape(std::move(kept_dims), std::move(kept_extents)), dtype, here);
  RawView view = x.view();
  view.data = y.data();
  view.dtype = dtype;
  for (int d = 0, at = 0; d < x.ndim(); ++d) {
    view.stride[static_cast<size_t>(d)] =
        reduced[static_cast<size_t>(d)] ? 0 : y.strides()[static_cast<size_t>(at++)];
  }
  here.backend().reduce(op, x.view(), view, *here.stream);
  return y;
}

c128 dot(const Tensor& x_given, const Tensor& y_given, Context& context) {
  check_device("dot", x_given, y_given);
  const bool are_named = x_given.shape().is_named() && y_given.shape().is_named();
  if (are_named ? x_given.shape() != y_given.shape()
                : x_given.shape().extents() != y_given.shape().extents()) {
    fail(Code::shape, "dot", "{} does not match {}", x_given.shape().braced(),
         y_given.shape().braced());
  }
  Pair p{floating(x_given, context), floating(y_given, context)};
  const DType dtype = promote("dot", p.x.dtype(), p.y.dtype());
  p = {p.x.as(dtype, context), p.y.as(dtype, context)};
  Context here = on_device(p.x.device(), context);
  c128 sum = 0.0;
  for_slabs(p.x.view(), p.y.view(), [&](const RawView& x, const RawView& y) {
    Results<c128> results(x.extent[0]);
    here.backend().dot(x, y, results.data(), *here.stream);
    for (int64_t k = 0; k < x.extent[0]; ++k) sum += results.data()[k];
  });
  return sum;
}

double norm(const Tensor& x_given, Context& context) {
  const Tensor x = floating(x_given, context);
  Context here = on_device(x.device(), context);
  double sum = 0.0;
  for_slabs(x.view(), x.view(), [&](const RawView& slab, const RawView&) {
    Results<double> results(slab.extent[0]);
    here.backend().norm2(slab, results.data(), *here.stream);
    for (int64_t k = 0; k < slab.extent[0]; ++k) sum += results.data()[k];
  });
  return std::sqrt(sum);
}

}  // namespace lunops
