// SPDX-License-Identifier: MIT
#include <cmath>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/tensor/broadcast.hpp"
#include "runtime/tensor/numbers.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

std::string_view name_of(Binary op) noexcept {
  switch (op) {
    case Binary::add:
      return "add";
    case Binary::subtract:
      return "subtract";
    case Binary::multiply:
      return "multiply";
    case Binary::divide:
      return "divide";
    case Binary::power:
      return "power";
    case Binary::less:
      return "lt";
    case Binary::less_equal:
      return "le";
    case Binary::greater:
      return "gt";
    case Binary::greater_equal:
      return "ge";
    case Binary::equal:
      return "eq";
    case Binary::not_equal:
      return "ne";
  }
  __builtin_unreachable();
}

std::string_view name_of(Unary op) noexcept {
  switch (op) {
    case Unary::negate:
      return "negate";
    case Unary::conj:
      return "conj";
    case Unary::abs:
      return "abs";
    case Unary::angle:
      return "angle";
    case Unary::exp:
      return "exp";
    case Unary::sqrt:
      return "sqrt";
    case Unary::real:
      return "real";
    case Unary::imag:
      return "imag";
    case Unary::square_abs:
      return "square_abs";
    case Unary::logical_not:
      return "logical_not";
  }
  __builtin_unreachable();
}

bool is_comparison(Binary op) noexcept { return op >= Binary::less; }

// The dtype of the result; refuses what has no answer in this kind of number.
DType result_dtype(Binary op, DType combined) {
  if (is_comparison(op)) {
    if (is_complex(combined) && op != Binary::equal && op != Binary::not_equal) {
      fail(Code::dtype, name_of(op), "complex numbers have no order; compare x:abs() or x.real");
    }
    return DType::boolean;
  }
  if (op == Binary::divide && !is_floating(combined)) {
    fail(Code::dtype, "divide",
         "the quotient of {} tensors is not a whole number; convert one with :as \"f32\" or :as "
         "\"f64\"",
         name_of(combined));
  }
  return combined;
}

// A number as an operand: one element with stride 0 in every dim.  On the host it lies on the
// stack.
class NumberView {
 public:
  NumberView(c128 value, DType dtype, const Tensor& like, Context& context) {
    view_ = like.view();
    for (int i = 0; i < view_.ndim; ++i) view_.stride[static_cast<size_t>(i)] = 0;
    view_.dtype = dtype;
    if (like.device().kind != DeviceKind::cpu) {
      tensor_ = full(Shape(), value, dtype, context);
      view_.data = tensor_.data();
      return;
    }
    view_.data = room_;
    RawView one;
    one.data = room_;
    one.dtype = dtype;
    one.ndim = 0;
    context.backend().fill(value, one, *context.stream);
  }
  NumberView(const NumberView&) = delete;
  const RawView& view() const noexcept { return view_; }

 private:
  alignas(16) std::byte room_[16];
  Tensor tensor_;
  RawView view_;
};

// A number takes the tensor's precision; a complex number makes a real tensor's result complex.
DType combined_with(std::string_view operation, DType tensor, c128 number) {
  if (is_floating(tensor)) return number.imag() != 0 ? complex_of(tensor) : tensor;
  const DType combined = tensor == DType::boolean ? DType::i64 : tensor;
  check_number(operation, number, combined);
  return combined;
}

Tensor with_number(Binary op, const Tensor& x, c128 number, bool number_first, Context& context) {
  const DType combined = combined_with(name_of(op), x.dtype(), number);
  const DType dtype = result_dtype(op, combined);
  Context here = on_device(x.device(), context);
  const NumberView other(number, combined, x, here);
  Tensor y = x.is_contiguous() ? Tensor::empty(x.layout(), dtype, here)
                               : Tensor::empty(x.shape(), dtype, here);
  if (number_first) {
    here.backend().binary(op, other.view(), x.view(), y.view(), *here.stream);
  } else {
    here.backend().binary(op, x.view(), other.view(), y.view(), *here.stream);
  }
  return y;
}

}  // namespace

Tensor binary(Binary op, const Tensor& a, const Tensor& b, Context& context) {
  check_device(name_of(op), a, b);
  const DType dtype = result_dtype(op, promote(name_of(op), a.dtype(), b.dtype()));
  auto layout = broadcast(name_of(op), a, b);
  Context here = on_device(a.device(), context);
  Tensor y = Tensor::empty(std::move(layout), dtype, here);
  here.backend().binary(op, view_as(a, y.shape()), view_as(b, y.shape()), y.view(), *here.stream);
  return y;
}

Tensor binary(Binary op, const Tensor& a, c128 b, Context& context) {
  return with_number(op, a, b, false, context);
}

Tensor binary(Binary op, c128 a, const Tensor& b, Context& context) {
  return with_number(op, b, a, true, context);
}

Tensor unary(Unary op, const Tensor& x, Context& context) {
  DType dtype = x.dtype();
  switch (op) {
    case Unary::negate:
      if (dtype == DType::boolean) dtype = DType::i64;
      break;
    case Unary::conj:
    case Unary::real:
      if (op == Unary::real && is_complex(dtype)) dtype = real_of(dtype);
      break;
    case Unary::imag:
    case Unary::abs:
    case Unary::square_abs:
      if (is_complex(dtype)) dtype = real_of(dtype);
      if (dtype == DType::boolean) dtype = DType::i64;
      break;
    case Unary::angle:
    case Unary::exp:
    case Unary::sqrt:
      if (!is_floating(dtype)) {
        fail(Code::dtype, name_of(op),
             "of {} elements is not a whole number; convert with :as \"f32\" or :as \"f64\"",
             name_of(dtype));
      }
      if (op == Unary::angle) dtype = real_of(dtype);
      break;
    case Unary::logical_not:
      dtype = DType::boolean;
      break;
  }
  Context here = on_device(x.device(), context);
  Tensor y = x.is_contiguous() ? Tensor::empty(x.layout(), dtype, here)
                               : Tensor::empty(x.shape(), dtype, here);
  here.backend().unary(op, x.view(), y.view(), *here.stream);
  return y;
}

Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b, Context& context) {
  if (mask.dtype() != DType::boolean) {
    fail(Code::dtype, "where",
         "the mask is {}; make a bool one with lo.ne(m, 0) or another comparison",
         name_of(mask.dtype()));
  }
  check_device("where", mask, a);
  check_device("where", a, b);
  const DType dtype = a.dtype() == b.dtype() ? a.dtype() : promote("where", a.dtype(), b.dtype());
  // The largest of the three shapes: of the two values first, then with the mask.
  const Tensor values(a.storage(), broadcast("where", a, b), 0, dtype);
  Context here = on_device(a.device(), context);
  Tensor y = Tensor::empty(broadcast("where", values, mask), dtype, here);
  // A value without names has those of the other value before the mask adds dims.
  const auto view = [&](const Tensor& x) {
    const bool by_position = x.ndim() == values.ndim() && x.shape() != values.shape();
    return view_as(by_position ? x.with_shape(values.shape()) : x, y.shape());
  };
  here.backend().where(view_as(mask, y.shape()), view(a), view(b), y.view(), *here.stream);
  return y;
}

namespace {

struct Span {
  int64_t first = 0, last = 0;  // bytes within the storage that a view touches, last excluded
};

Span span_of(const Tensor& x) {
  if (x.count() == 0) return {};
  int64_t low = x.offset(), high = x.offset();
  for (int d = 0; d < x.ndim(); ++d) {
    const auto k = static_cast<size_t>(d);
    const int64_t reach = (x.shape().extents()[k] - 1) * x.strides()[k];
    (reach < 0 ? low : high) += reach;
  }
  const auto size = static_cast<int64_t>(size_of(x.dtype()));
  return {low * size, (high + 1) * size};
}

// x, or a copy of it if writing y could change elements of x that are read later.  Each element may
// be read where it is written, so a view that lies as y does needs no copy.
Tensor apart_from(const Tensor& y, const Tensor& x, Context& context) {
  if (x.storage() != y.storage()) return x;
  if (x.dtype() == y.dtype() && x.offset() == y.offset() && x.strides() == y.strides() &&
      x.shape().extents() == y.shape().extents()) {
    return x;
  }
  const Span a = span_of(x), b = span_of(y);
  return a.first < b.last && b.first < a.last ? x.clone(context) : x;
}

}  // namespace

void fill(const Tensor& y, c128 value, Context& context) {
  check_number("fill", value, y.dtype());
  y.storage()->require_writable("fill");
  Context here = on_device(y.device(), context);
  here.backend().fill(value, y.view(), *here.stream);
  y.storage()->touch();
}

void copy(const Tensor& y, const Tensor& x, Context& context) {
  check_device("copy", y, x);
  if (x.dtype() != y.dtype()) {
    fail(Code::dtype, "copy", "the source is {} and the target {}; convert with :as \"{}\"",
         name_of(x.dtype()), name_of(y.dtype()), name_of(y.dtype()));
  }
  const bool same_names = x.shape().is_named() && y.shape().is_named()
                              ? x.shape() == y.shape()
                              : x.shape().extents() == y.shape().extents();
  if (!same_names) {
    fail(Code::shape, "copy", "the source {} does not match the target {}", x.shape().braced(),
         y.shape().braced());
  }
  y.storage()->require_writable("copy");
  Context here = on_device(y.device(), context);
  here.backend().copy(apart_from(y, x, here).view(), false, y.view(), *here.stream);
  y.storage()->touch();
}

void axpby(c128 a, const Tensor& x, c128 b, const Tensor& y, Context& context) {
  check_device("axpy", x, y);
  check_number("axpy", a, y.dtype());
  check_number("axpy", b, y.dtype());
  if (promote("axpy", x.dtype(), y.dtype()) != y.dtype()) {
    fail(Code::dtype, "axpy",
         "adding {} to {} in place would lose information; write y + a * x, or convert y with :as "
         "\"{}\"",
         name_of(x.dtype()), name_of(y.dtype()), name_of(promote("axpy", x.dtype(), y.dtype())));
  }
  if (broadcast("axpy", y, x)->shape.extents() != y.shape().extents()) {
    fail(Code::shape, "axpy", "{} has dims that the target {} lacks", x.shape().braced(),
         y.shape().braced());
  }
  y.storage()->require_writable("axpy");
  Context here = on_device(y.device(), context);
  here.backend().axpby(view_as(apart_from(y, x, here), y.shape()), false, {a, b}, y.view(),
                       *here.stream);
  y.storage()->touch();
}

}  // namespace lunops
