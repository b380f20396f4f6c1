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

// Operands of one floating dtype, without a branch on it; arithmetic only.
template <Binary op, class T>
struct EqualPairs {
  const T *a, *b;
  T* y;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const C left = converted<C>(a[at[0]]), right = converted<C>(b[at[1]]);
    y[at[2]] = converted<T>(of_numbers<op>(left, right, !is_complex_v<T>).z);
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

// From one floating dtype to another that follows from it.
template <Unary op, class T, class Y>
struct EqualSingle {
  const T* x;
  Y* y;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const T z = x[at[0]];
    if constexpr (op == Unary::negate) {
      y[at[1]] = converted<Y>(-z);
    } else if constexpr (op == Unary::conj) {
      y[at[1]] = converted<Y>(conj_if(true, z));
    } else if constexpr (op == Unary::square_abs) {
      y[at[1]] = converted<Y>(norm_of(z));
    } else {
      const C wide_z = converted<C>(z);
      y[at[1]] = converted<Y>(::hypot(wide_z.real(), wide_z.imag()));
    }
  }
};

// U: as many bytes as an element.
template <class U>
struct EqualWhere {
  const bool* mask;
  const U *a, *b;
  U* y;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    y[at[3]] = mask[at[0]] ? a[at[1]] : b[at[2]];
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
    if constexpr (kOp == Binary::add || kOp == Binary::subtract || kOp == Binary::multiply ||
                  kOp == Binary::divide) {
      if (a.dtype == y.dtype && b.dtype == y.dtype && is_floating(y.dtype)) {
        dispatch_floating(y.dtype, [&]<class H>() {
          using T = device_t<H>;
          for_each(merge_dims(a, b, y), stream,
                   EqualPairs<kOp, T>{data<const T>(a), data<const T>(b), data<T>(y)});
        });
        return;
      }
    }
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
    constexpr bool is_size = kOp == Unary::abs || kOp == Unary::square_abs;
    if constexpr (is_size || kOp == Unary::negate || kOp == Unary::conj) {
      if (is_floating(x.dtype) && y.dtype == (is_size ? real_of(x.dtype) : x.dtype)) {
        dispatch_floating(x.dtype, [&]<class H>() {
          using T = device_t<H>;
          using Y = std::conditional_t<is_size, real_t<T>, T>;
          for_each(merge_dims(x, y), stream, EqualSingle<kOp, T, Y>{data<const T>(x), data<Y>(y)});
        });
        return;
      }
    }
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
  const auto dims = merge_dims(mask, a, b, y);
  if (mask.dtype == DType::boolean && a.dtype == y.dtype && b.dtype == y.dtype) {
    const auto issue = [&]<class U>() {
      for_each(
          dims, stream,
          EqualWhere<U>{data<const bool>(mask), data<const U>(a), data<const U>(b), data<U>(y)});
    };
    switch (size_of(y.dtype)) {
      case 1:
        return issue.template operator()<uint8_t>();
      case 4:
        return issue.template operator()<float>();
      case 8:
        return issue.template operator()<double>();
      default:
        return issue.template operator()<Complex<double>>();
    }
  }
  for_each(dims, stream, Where{memory_of(mask), memory_of(a), memory_of(b), memory_of(y)});
}

}  // namespace lunops
