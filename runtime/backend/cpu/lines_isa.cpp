// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/lines.hpp"
#include "runtime/backend/cpu/vector.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

namespace {

// A block of at most kComplexes x kComplexes numbers, transposed in registers.
template <class T>
LUNOPS_INLINE void move_block(
    const T* x, int64_t x_stride, int64_t rows, int64_t columns, T* y, int64_t y_stride) {
  constexpr int n = kComplexes<T>;
  Vector<T> r[n];
  if (rows == n && columns == n) {
    for (int i = 0; i < n; ++i) r[i] = load(x + 2 * i * x_stride);
    transpose<T>(r);
    for (int i = 0; i < n; ++i) store(y + 2 * i * y_stride, r[i]);
    return;
  }
  for (int i = 0; i < n; ++i)
    r[i] = i < rows ? load_part(x + 2 * i * x_stride, columns) : Vector<T>{};
  transpose<T>(r);
  for (int i = 0; i < n; ++i) {
    if (i < columns) store_part(y + 2 * i * y_stride, r[i], rows);
  }
}

// y[c * y_stride + r] = x[r * x_stride + c]
template <class T>
void move(const T* x, int64_t x_stride, int64_t rows, int64_t columns, T* y, int64_t y_stride) {
  constexpr int64_t n = kComplexes<T>;
  for (int64_t r = 0; r < rows; r += n) {
    const int64_t row_count = rows - r < n ? rows - r : n;
    for (int64_t c = 0; c < columns; c += n) {
      const int64_t column_count = columns - c < n ? columns - c : n;
      move_block(x + 2 * (r * x_stride + c), x_stride, row_count, column_count,
                 y + 2 * (c * y_stride + r), y_stride);
    }
  }
}

template <class T>
void gather(const T* x, int64_t stride, int64_t rows, int64_t columns, T* lines, int64_t pitch) {
  move(x, stride, rows, columns, lines, pitch);
}

template <class T>
void scatter(const T* lines, int64_t pitch, int64_t rows, int64_t columns, T* y, int64_t stride) {
  move(lines, pitch, columns, rows, y, stride);
}

template <class T, bool kAdd, bool kMap, bool kWeight>
void product(
    const T* x, const T* map, bool conjugate, const T* weight, T re, T im, T* y, int64_t n) {
  constexpr int64_t step = kComplexes<T>;
  const Vector<T> scale = splat(re);
  Vector<T> turned;
  for (int i = 0; i < kReals<T>; ++i) turned[i] = (i & 1) != 0 ? im : re;
  for (int64_t i = 0; i < n; i += step) {
    const int64_t count = n - i < step ? n - i : step;
    const bool is_full = count == step;
    Vector<T> v = is_full ? load(x + 2 * i) : load_part(x + 2 * i, count);
    if constexpr (kMap) {
      v = multiply<T>(v, is_full ? load(map + 2 * i) : load_part(map + 2 * i, count), conjugate);
    }
    if constexpr (kWeight) {
      if (is_full) {
        v *= load_each_twice(weight + i);
      } else {
        Vector<T> w{};
        for (int64_t j = 0; j < count; ++j) w[2 * j] = w[2 * j + 1] = weight[i + j];
        v *= w;
      }
    }
    v = im == T(0) ? v * scale : multiply<T>(v, turned, false);
    if constexpr (kAdd) v += is_full ? load(y + 2 * i) : load_part(y + 2 * i, count);
    if (is_full) {
      store(y + 2 * i, v);
    } else {
      store_part(y + 2 * i, v, count);
    }
  }
}

template <class T, bool kAdd>
void multiply_line(
    const T* x, const T* map, bool conjugate, const T* weight, T re, T im, T* y, int64_t n) {
  if (map != nullptr && weight != nullptr) {
    product<T, kAdd, true, true>(x, map, conjugate, weight, re, im, y, n);
  } else if (map != nullptr) {
    product<T, kAdd, true, false>(x, map, conjugate, weight, re, im, y, n);
  } else if (weight != nullptr) {
    product<T, kAdd, false, true>(x, map, conjugate, weight, re, im, y, n);
  } else {
    product<T, kAdd, false, false>(x, map, conjugate, weight, re, im, y, n);
  }
}

}  // namespace

extern const LineTable line_table;
const LineTable line_table = {
    {gather<float>, scatter<float>, multiply_line<float, false>, multiply_line<float, true>},
    {gather<double>, scatter<double>, multiply_line<double, false>, multiply_line<double, true>},
};

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
