// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "runtime/backend/view.hpp"

// Elements of any dtype as a block of one type: kernels that combine several dtypes convert block
// by block on the stack, so each needs one loop per type and not one per pair of types.
namespace lunops::cpu {

inline constexpr int64_t kBlockSize = 256;

template <class T>
inline constexpr bool is_complex_v = std::is_same_v<T, c64> || std::is_same_v<T, c128>;

// Conversion of one element: to bool, whether it is not 0; to integers, towards zero, with what
// does not fit as the nearest that does and NaN as 0; from complex to real, the real part.
template <class To, class From>
inline To convert(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (is_complex_v<From>) {
    if constexpr (is_complex_v<To>) {
      return To(x);
    } else {
      return convert<To>(x.real());
    }
  } else if constexpr (is_complex_v<To>) {
    return To(static_cast<typename To::value_type>(x));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(x)) return 0;
    constexpr double low = static_cast<double>(std::numeric_limits<To>::min());
    if (static_cast<double>(x) >= -low) return std::numeric_limits<To>::max();
    if (static_cast<double>(x) <= low) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
  } else if constexpr (std::is_same_v<To, int32_t> && std::is_same_v<From, int64_t>) {
    if (x > std::numeric_limits<int32_t>::max()) return std::numeric_limits<int32_t>::max();
    if (x < std::numeric_limits<int32_t>::min()) return std::numeric_limits<int32_t>::min();
    return static_cast<int32_t>(x);
  } else {
    return static_cast<To>(x);
  }
}

// n <= kBlockSize elements as T: the elements themselves if they already are, else `buffer`.
template <class T>
const T* load(DType dtype, const void* data, int64_t step, int64_t n, T* buffer) {
  if (dtype == dtype_v<T> && step == 1) return static_cast<const T*>(data);
  dispatch(dtype, [&]<class From>() {
    const From* x = static_cast<const From*>(data);
    if (step == 1) {
      for (int64_t i = 0; i < n; ++i) buffer[i] = convert<T>(x[i]);
    } else {
      for (int64_t i = 0; i < n; ++i) buffer[i] = convert<T>(x[i * step]);
    }
  });
  return buffer;
}

// The opposite: where to write, and how to bring it to its place.
template <class T>
T* target(DType dtype, void* data, int64_t step, T* buffer) {
  return dtype == dtype_v<T> && step == 1 ? static_cast<T*>(data) : buffer;
}

template <class T>
void save(DType dtype, const T* buffer, void* data, int64_t step, int64_t n) {
  if (static_cast<const void*>(buffer) == data) return;
  dispatch(dtype, [&]<class To>() {
    To* y = static_cast<To*>(data);
    for (int64_t i = 0; i < n; ++i) y[i * step] = convert<To>(buffer[i]);
  });
}

}  // namespace lunops::cpu
