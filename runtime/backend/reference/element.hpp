// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "runtime/backend/view.hpp"

// How the reference kernels read and write single elements of any dtype.
namespace lunops::reference {

// An element, widened: floating types live in `z`, integers and booleans exactly in `i` as well.
struct Value {
  c128 z;
  int64_t i = 0;

  Value() = default;
  Value(c128 number) : z(number), i(truncated(number.real())) {}  // NOLINT: conversion is the point
  explicit Value(int64_t integer) : z(static_cast<double>(integer), 0.0), i(integer) {}

  // Towards zero; what does not fit becomes the nearest that does, NaN becomes 0.
  static int64_t truncated(double x) noexcept {
    if (std::isnan(x)) return 0;
    if (x >= 0x1p63) return std::numeric_limits<int64_t>::max();
    if (x <= -0x1p63) return std::numeric_limits<int64_t>::min();
    return static_cast<int64_t>(x);
  }
};

inline bool is_integer(DType t) noexcept { return !is_floating(t); }

inline Value read(const RawView& v, int64_t offset) {
  return dispatch(v.dtype, [&]<class T>() -> Value {
    const T x = static_cast<const T*>(v.data)[offset];
    if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
      return c128(x);
    } else if constexpr (std::is_floating_point_v<T>) {
      return c128(x, 0.0);
    } else {
      return Value(static_cast<int64_t>(x));
    }
  });
}

inline void write(const RawView& v, int64_t offset, const Value& value) {
  dispatch(v.dtype, [&]<class T>() {
    T& y = static_cast<T*>(v.data)[offset];
    if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
      y = T(value.z);
    } else if constexpr (std::is_floating_point_v<T>) {
      y = static_cast<T>(value.z.real());
    } else if constexpr (std::is_same_v<T, bool>) {
      y = value.z != 0.0;
    } else if constexpr (std::is_same_v<T, int32_t>) {
      constexpr int64_t low = std::numeric_limits<int32_t>::min();
      constexpr int64_t high = std::numeric_limits<int32_t>::max();
      y = static_cast<int32_t>(value.i < low ? low : value.i > high ? high : value.i);
    } else {
      y = value.i;
    }
  });
}

using Index = std::array<int64_t, kMaxDims>;

inline int64_t offset(const RawView& v, const Index& index) noexcept {
  int64_t sum = 0;
  for (int d = 0; d < v.ndim; ++d) {
    sum += index[static_cast<size_t>(d)] * v.stride[static_cast<size_t>(d)];
  }
  return sum;
}

// Calls f(index) for every element of dims first … last-1 of `v`, in row-major order; `index` keeps
// what it holds in the other dims.
template <class F>
void for_each_index(const RawView& v, int first, int last, Index& index, const F& f) {
  if (first == last) {
    f(index);
    return;
  }
  int64_t& i = index[static_cast<size_t>(first)];
  for (i = 0; i < v.extent[static_cast<size_t>(first)]; ++i) {
    for_each_index(v, first + 1, last, index, f);
  }
}

template <class F>
void for_each_index(const RawView& v, const F& f) {
  Index index{};
  for_each_index(v, 0, v.ndim, index, f);
}

inline c128 conj_if(bool conjugate, c128 z) noexcept { return conjugate ? std::conj(z) : z; }

// y <- alpha * sum + beta * y.  With beta == 0, y holds nothing yet: 0 * NaN would let stale memory
// through.
inline void store(const RawView& y, int64_t at, c128 sum, const Scale& s) {
  c128 result = s.alpha == 0.0 ? c128(0.0) : s.alpha * sum;
  if (s.beta != 0.0) result += s.beta * read(y, at).z;
  write(y, at, result);
}

}  // namespace lunops::reference
