// SPDX-License-Identifier: MIT
#include "runtime/tensor/broadcast.hpp"

#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/tensor/numbers.hpp"

namespace lunops {

namespace {

// Whether the dims of `small` occur in `large` in the same order.
bool is_subsequence(const Shape& small, const Shape& large) {
  int at = 0;
  for (const Dim dim : small.dims()) {
    while (at < large.ndim() && large.dim(at) != dim) ++at;
    if (at == large.ndim()) return false;
    ++at;
  }
  return true;
}

[[noreturn]] void fail_dims(std::string_view operation, const Shape& a, const Shape& b) {
  std::string joined = a.names();
  bool same_set = a.ndim() == b.ndim();
  for (const Dim dim : b.dims()) {
    if (a.find(dim) >= 0) continue;
    same_set = false;
    joined += ' ';
    joined += dim.text();
  }
  if (same_set) {
    fail(Code::shape, operation,
         "{} and {} have the same dims in another order; write y:permute \"{}\"", a.braced(),
         b.braced(), a.names());
  }
  if (operation == "multiply") {
    fail(Code::shape, operation,
         "the dims of neither {} nor {} are a subset of the other's in the same order; write "
         "lo.einsum(\"{}, {} -> {}\", x, y)",
         a.braced(), b.braced(), a.names(), b.names(), joined);
  }
  fail(Code::shape, operation,
       "the dims of neither {} nor {} are a subset of the other's in the same order; repeat one of "
       "them with lo.expand(x, \"{} -> {}\", …) first (a product is written lo.einsum(\"{}, {} -> "
       "{}\", x, y))",
       a.braced(), b.braced(), a.names(), joined, a.names(), b.names(), joined);
}

void check_extents(std::string_view operation, const Shape& small, const Shape& large) {
  for (int i = 0; i < small.ndim(); ++i) {
    const int at = large.find(small.dim(i));
    if (small.extent(i) != large.extent(at)) {
      fail(Code::shape, operation, "extent of '{}' is {} in {} but {} in {}", small.dim(i).text(),
           small.extent(i), small.braced(), large.extent(at), large.braced());
    }
  }
}

std::shared_ptr<const Layout> result_layout(const Tensor& x) {
  return x.is_contiguous() ? x.layout() : Layout::row_major(x.shape());
}

}  // namespace

std::shared_ptr<const Layout> broadcast(std::string_view operation,
                                        const Tensor& a,
                                        const Tensor& b) {
  const Shape& sa = a.shape();
  const Shape& sb = b.shape();
  if (a.layout() == b.layout() || sa == sb) return result_layout(a);
  if (sa.ndim() == 0) return result_layout(b);
  if (sb.ndim() == 0) return result_layout(a);
  if (!sa.is_named() || !sb.is_named()) {
    if (sa.ndim() != sb.ndim()) {
      fail(
          Code::shape, operation,
          "{} and {} have different ranks, and without names on both sides nothing says which dims "
          "belong together; name them",
          sa.braced(), sb.braced());
    }
    if (sa.extents() != sb.extents()) {
      fail(Code::shape, operation, "{} and {} differ in their extents", sa.braced(), sb.braced());
    }
    return result_layout(sa.is_named() ? a : b);
  }
  if (is_subsequence(sb, sa)) {
    check_extents(operation, sb, sa);
    return result_layout(a);
  }
  if (is_subsequence(sa, sb)) {
    check_extents(operation, sa, sb);
    return result_layout(b);
  }
  fail_dims(operation, sa, sb);
}

RawView view_as(const Tensor& x, const Shape& shape) {
  if (x.ndim() == shape.ndim()) return x.view();
  RawView v;
  v.data = x.data();
  v.dtype = x.dtype();
  v.ndim = shape.ndim();
  int at = 0;
  for (int i = 0; i < shape.ndim(); ++i) {
    const auto k = static_cast<size_t>(i);
    v.extent[k] = shape.extent(i);
    const bool has = at < x.ndim() && x.shape().dim(at) == shape.dim(i);
    v.stride[k] = has ? x.strides()[static_cast<size_t>(at)] : 0;
    if (has) ++at;
  }
  return v;
}

void check_device(std::string_view operation, const Tensor& a, const Tensor& b) {
  if (a.device() == b.device()) return;
  fail(Code::device, operation, "one tensor is on {}, the other on {}; move one with :to \"{}\"",
       a.device().text(), b.device().text(), a.device().text());
}

DType promote(std::string_view operation, DType a, DType b) {
  const bool both_floating = is_floating(a) && is_floating(b);
  const bool both_integer =
      !is_floating(a) && !is_floating(b) && a != DType::boolean && b != DType::boolean;
  if ((both_floating && is_double(a) != is_double(b)) || (both_integer && a != b)) {
    fail(
        Code::dtype, operation,
        "{} and {} differ in precision, which never changes by itself; convert one with :as \"{}\"",
        name_of(a), name_of(b),
        name_of(both_integer ? DType::i64 : (is_complex(a) ? complex_of(b) : b)));
  }
  return common_of(a, b);
}

std::string number_text(c128 value) {
  if (value.imag() == 0) return fmt::format("{}", value.real());
  return fmt::format("{}{:+}i", value.real(), value.imag());
}

void check_number(std::string_view operation, c128 value, DType dtype) {
  if (is_complex(dtype)) return;
  if (value.imag() != 0) {
    fail(Code::dtype, operation,
         "the complex number {} cannot be an element of a {} tensor; convert it with :as \"{}\"",
         number_text(value), name_of(dtype),
         name_of(is_real(dtype) ? complex_of(dtype) : DType::c64));
  }
  if (is_real(dtype)) return;
  const double x = value.real();
  if (dtype == DType::boolean) {
    if (x == 0 || x == 1) return;
    fail(Code::dtype, operation, "{} is neither 0 nor 1, as elements of bool tensors are", x);
  }
  if (x != std::floor(x)) {
    fail(
        Code::dtype, operation,
        "{} is not a whole number but the tensor is {}; convert it with :as \"f32\" or :as \"f64\"",
        x, name_of(dtype));
  }
  const double limit = dtype == DType::i32 ? 0x1p31 : 0x1p63;
  if (x < -limit || x >= limit) {
    fail(Code::dtype, operation, "{} does not fit into {}", x, name_of(dtype));
  }
}

}  // namespace lunops
