// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/value.cuh"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

using namespace cuda;

namespace {

using C = Complex<double>;

__device__ int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  // Unsigned, because overflow wraps.
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (; exponent > 0; exponent /= 2, factor *= factor) {
    if (exponent % 2 == 1) result *= factor;
  }
  return static_cast<int64_t>(result);
}

template <Binary op>
__device__ Value of_integers(int64_t a, int64_t b) {
  const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (op) {
    case Binary::add:
      return Value(static_cast<int64_t>(ua + ub));
    case Binary::subtract:
      return Value(static_cast<int64_t>(ua - ub));
    case Binary::multiply:
      return Value(static_cast<int64_t>(ua * ub));
    case Binary::divide:
      return Value(b == 0 ? int64_t{0} : a / b);
    case Binary::power:
      return Value(integer_power(a, b));
    case Binary::less:
      return Value(a < b);
    case Binary::less_equal:
      return Value(a <= b);
    case Binary::greater:
      return Value(a > b);
    case Binary::greater_equal:
      return Value(a >= b);
    case Binary::equal:
      return Value(a == b);
    case Binary::not_equal:
      return Value(a != b);
  }
  return Value();
}

// Comparisons other than equality are asked of real numbers only.
template <Binary op>
__device__ Value of_numbers(const C& a, const C& b, bool are_real) {
  const bool are_equal = a.real() == b.real() && a.imag() == b.imag();
  switch (op) {
    case Binary::add:
      return Value(a + b);
    case Binary::subtract:
      return Value(a - b);
    case Binary::multiply:
      return are_real ? Value(a.real() * b.real()) : Value(times(a, b));
    case Binary::divide:
      return are_real ? Value(a.real() / b.real()) : Value(a / b);
    case Binary::power:
      // As a product of logarithms, (-1)^2 would be off by rounding.
      if (are_real) return Value(::pow(a.real(), b.real()));
      if (b.imag() == 0.0 && b.real() == 2.0) return Value(times(a, a));
      if (b.imag() == 0.0 && b.real() == 0.0) return Value(1.0);
      return Value(::cuda::std::pow(a, b));
    case Binary::less:
      return Value(a.real() < b.real());
    case Binary::less_equal:
      return Value(a.real() <= b.real());
    case Binary::greater:
      return Value(a.real() > b.real());
    case Binary::greater_equal:
      return Value(a.real() >= b.real());
    case Binary::equal:
      return Value(are_equal);
    case Binary::not_equal:
      return Value(!are_equal);
  }
  return Value();
}

template <Binary op>
struct Pairs {
  Memory a, b, y;
  bool are_integers, are_real;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const Value left = a.read(at[0]), right = b.read(at[1]);
    y.write(at[2], are_integers ? of_integers<op>(left.i, right.i)
                                : of_numbers<op>(left.z, right.z, are_real));
  }
};

template <Unary op>
struct Single {
  Memory x, y;
  bool is_integer, is_real;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    y.write(at[1], of(x.read(at[0])));
  }
  __device__ Value of(const Value& v) const {
    const C& z = v.z;
    switch (op) {
      case Unary::negate:
        return is_integer ? Value(static_cast<int64_t>(-static_cast<uint64_t>(v.i)))
                          : Value(C(-z.real(), -z.imag()));
      case Unary::conj:
        return is_integer ? v : Value(C(z.real(), -z.imag()));
      case Unary::abs:
        return Value(::hypot(z.real(), z.imag()));
      case Unary::angle:
        return Value(::atan2(z.imag(), z.real()));
      case Unary::exp:
        return is_real ? Value(::exp(z.real())) : Value(::cuda::std::exp(z));
      case Unary::sqrt:
        return is_real ? Value(::sqrt(z.real())) : Value(::cuda::std::sqrt(z));
      case Unary::real:
        return is_integer ? v : Value(z.real());
      case Unary::imag:
        return Value(z.imag());
      case Unary::square_abs:
        return Value(norm_of(z));
      case Unary::logical_not:
        return Value(v.is_zero());
    }
    return Value();
  }
};

struct Where {
  Memory mask, a, b, y;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    y.write(at[3], mask.read(at[0]).is_zero() ? b.read(at[2]) : a.read(at[1]));
  }
};

}  // namespace

// y[i] = a[i] op b[i], computed in the wider of the two kinds.
void CudaBackend::binary(Binary op, RawView a, RawView b, RawView y, Stream& stream) {
  const auto issue = [&]<Binary kOp>() {
    for_each(merge_dims(a, b, y), stream,
             Pairs<kOp>{memory_of(a), memory_of(b), memory_of(y),
                        !is_floating(a.dtype) && !is_floating(b.dtype),
                        !is_complex(a.dtype) && !is_complex(b.dtype)});
  };
  switch (op) {
    case Binary::add:
      return issue.template operator()<Binary::add>();
    case Binary::subtract:
      return issue.template operator()<Binary::subtract>();
    case Binary::multiply:
      return issue.template operator()<Binary::multiply>();
    case Binary::divide:
      return issue.template operator()<Binary::divide>();
    case Binary::power:
      return issue.template operator()<Binary::power>();
    case Binary::less:
      return issue.template operator()<Binary::less>();
    case Binary::less_equal:
      return issue.template operator()<Binary::less_equal>();
    case Binary::greater:
      return issue.template operator()<Binary::greater>();
    case Binary::greater_equal:
      return issue.template operator()<Binary::greater_equal>();
    case Binary::equal:
      return issue.template operator()<Binary::equal>();
    case Binary::not_equal:
      return issue.template operator()<Binary::not_equal>();
  }
}

void CudaBackend::unary(Unary op, RawView x, RawView y, Stream& stream) {
  const auto issue = [&]<Unary kOp>() {
    for_each(merge_dims(x, y), stream,
             Single<kOp>{memory_of(x), memory_of(y), !is_floating(x.dtype), !is_complex(x.dtype)});
  };
  switch (op) {
    case Unary::negate:
      return issue.template operator()<Unary::negate>();
    case Unary::conj:
      return issue.template operator()<Unary::conj>();
    case Unary::abs:
      return issue.template operator()<Unary::abs>();
    case Unary::angle:
      return issue.template operator()<Unary::angle>();
    case Unary::exp:
      return issue.template operator()<Unary::exp>();
    case Unary::sqrt:
      return issue.template operator()<Unary::sqrt>();
    case Unary::real:
      return issue.template operator()<Unary::real>();
    case Unary::imag:
      return issue.template operator()<Unary::imag>();
    case Unary::square_abs:
      return issue.template operator()<Unary::square_abs>();
    case Unary::logical_not:
      return issue.template operator()<Unary::logical_not>();
  }
}

// y[i] = mask[i] ? a[i] : b[i]
void CudaBackend::where(RawView mask, RawView a, RawView b, RawView y, Stream& stream) {
  for_each(merge_dims(mask, a, b, y), stream,
           Where{memory_of(mask), memory_of(a), memory_of(b), memory_of(y)});
}

}  // namespace lunops
