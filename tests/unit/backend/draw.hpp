// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "runtime/backend/backend.hpp"
#include "runtime/device/context.hpp"

// Strided views of random numbers for comparing backends.
namespace lunops::draw {

enum class Strides { contiguous, reversed, permuted, gaps };
inline constexpr Strides kStrides[] = {Strides::contiguous, Strides::reversed, Strides::permuted,
                                       Strides::gaps};

inline std::vector<std::vector<int64_t>> extents() {
  return {{}, {0}, {1}, {5}, {257}, {2, 0, 3}, {3, 4, 7}, {17, 33}, {5, 12, 13}, {2, 5003}};
}

// Memory and a view into it.  Copies of an Array are deep, so that two backends start alike.
struct Array {
  std::vector<std::byte> memory;
  int64_t start = 0;  // elements
  RawView shape;      // data is set by view()

  RawView view() {
    RawView v = shape;
    v.data = memory.data() + start * static_cast<int64_t>(size_of(v.dtype));
    return v;
  }
};

// `missing`: dims (bit mask) that get stride 0.
inline Array array(const std::vector<int64_t>& extents,
                   DType dtype,
                   Strides strides,
                   std::mt19937_64& random,
                   unsigned missing = 0) {
  Array a;
  a.shape.dtype = dtype;
  a.shape.ndim = static_cast<int>(extents.size());
  int64_t step = strides == Strides::gaps ? 2 : 1;
  const size_t n = extents.size();
  for (size_t i = 0; i < n; ++i) {
    // The fastest dim is the last one, or the first one if permuted.
    const size_t d = strides == Strides::permuted ? i : n - 1 - i;
    a.shape.extent[d] = extents[d];
    const bool is_missing = (missing >> d & 1U) != 0;
    a.shape.stride[d] = is_missing ? 0 : strides == Strides::reversed ? -step : step;
    if (is_missing) continue;
    if (strides == Strides::reversed && extents[d] > 0) a.start += (extents[d] - 1) * step;
    step = step * std::max<int64_t>(extents[d], 1) + (strides == Strides::gaps ? 3 : 0);
  }
  const int64_t count = step + 2;
  a.memory.resize(static_cast<size_t>(count) * size_of(dtype));
  std::uniform_real_distribution<double> unit(-1, 1);
  dispatch(dtype, [&]<class T>() {
    T* x = reinterpret_cast<T*>(a.memory.data());
    for (int64_t i = 0; i < count; ++i) {
      const double re = unit(random), im = unit(random);
      if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
        x[i] = T(static_cast<typename T::value_type>(re), static_cast<typename T::value_type>(im));
      } else if constexpr (std::is_same_v<T, bool>) {
        x[i] = re > 0;
      } else if constexpr (std::is_integral_v<T>) {
        x[i] = static_cast<T>(10 * re);
      } else {
        x[i] = static_cast<T>(re);
      }
    }
  });
  return a;
}

// The largest difference between two memories of one dtype, gaps included; infinite where only one
// is NaN.
inline double difference(const Array& a, const Array& b) {
  double largest = 0;
  dispatch(a.shape.dtype, [&]<class T>() {
    const T* x = reinterpret_cast<const T*>(a.memory.data());
    const T* y = reinterpret_cast<const T*>(b.memory.data());
    for (size_t i = 0; i < a.memory.size() / sizeof(T); ++i) {
      if (std::memcmp(x + i, y + i, sizeof(T)) == 0) continue;
      double d;
      if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
        d = std::abs(c128(x[i]) - c128(y[i]));
        if (c128(x[i]) != c128(x[i]) && c128(y[i]) != c128(y[i])) d = 0;
      } else {
        d = std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
        if (x[i] != x[i] && y[i] != y[i]) d = 0;
      }
      if (!(d <= largest)) largest = d;
    }
  });
  return largest;
}

}  // namespace lunops::draw
