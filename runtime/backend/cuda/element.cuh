// SPDX-License-Identifier: MIT
// Device-only.
#pragma once

#include <cuda/std/complex>

#include <cstdint>
#include <type_traits>

#include "runtime/backend/view.hpp"

namespace lunops::cuda {

template <class T>
using Complex = ::cuda::std::complex<T>;

// The type of device code for an element type of the runtime; same size and layout.
template <class T>
struct device_type {
  using type = T;
};
template <class T>
struct device_type<std::complex<T>> {
  using type = Complex<T>;
};
template <class T>
using device_t = typename device_type<T>::type;

template <class T>
inline constexpr bool is_complex_v = false;
template <class T>
inline constexpr bool is_complex_v<Complex<T>> = true;

// Complex<float> -> float.
template <class T>
struct real_type {
  using type = T;
};
template <class T>
struct real_type<Complex<T>> {
  using type = T;
};
template <class T>
using real_t = typename real_type<T>::type;

// float -> double, Complex<float> -> Complex<double>.
template <class T>
using wide_t = std::conditional_t<is_complex_v<T>, Complex<double>, double>;

template <class To, class From>
__device__ To converted(const From& x) {
  if constexpr (is_complex_v<To> && is_complex_v<From>) {
    using R = typename To::value_type;
    return To(static_cast<R>(x.real()), static_cast<R>(x.imag()));
  } else if constexpr (is_complex_v<To>) {
    return To(static_cast<typename To::value_type>(x), typename To::value_type(0));
  } else if constexpr (is_complex_v<From>) {
    return static_cast<To>(x.real());
  } else {
    return static_cast<To>(x);
  }
}

template <class T>
__device__ wide_t<T> wide(const T& x) {
  return converted<wide_t<T>>(x);
}

template <class T>
__device__ T conj_if(bool conjugate, const T& x) {
  if constexpr (is_complex_v<T>) {
    return conjugate ? T(x.real(), -x.imag()) : x;
  } else {
    return x;
  }
}

// a b by its definition: the operator of the library looks for infinities in each product.
template <class T>
__device__ T times(const T& a, const T& b) {
  if constexpr (is_complex_v<T>) {
    return T(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
  } else {
    return a * b;
  }
}

template <class T>
__device__ double norm_of(const T& x) {
  if constexpr (is_complex_v<T>) {
    const double re = x.real(), im = x.imag();
    return re * re + im * im;
  } else {
    return static_cast<double>(x) * static_cast<double>(x);
  }
}

// alpha and beta in the precision of a kernel; of real data the real parts.
template <class T>
struct Scaling {
  T alpha, beta;
  bool has_alpha, has_beta;

  // With beta == 0, y holds nothing yet: 0 * NaN would let stale memory through.
  template <class Y>
  __device__ void store(Y& y, const T& sum) const {
    T result = has_alpha ? times(alpha, sum) : T(0);
    if (has_beta) result += times(beta, converted<T>(y));
    y = converted<Y>(result);
  }
};

template <class T>
Scaling<T> scaling(const Scale& s) {
  Scaling<T> made;
  if constexpr (is_complex_v<T>) {
    using R = typename T::value_type;
    made.alpha = T(static_cast<R>(s.alpha.real()), static_cast<R>(s.alpha.imag()));
    made.beta = T(static_cast<R>(s.beta.real()), static_cast<R>(s.beta.imag()));
  } else {
    made.alpha = static_cast<T>(s.alpha.real());
    made.beta = static_cast<T>(s.beta.real());
  }
  made.has_alpha = s.alpha != 0.0;
  made.has_beta = s.beta != 0.0;
  return made;
}

template <class T>
T* data(const RawView& v) {
  return static_cast<T*>(v.data);
}

}  // namespace lunops::cuda
