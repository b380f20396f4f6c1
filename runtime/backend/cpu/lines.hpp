// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "runtime/backend/cpu/isa.hpp"

namespace lunops::cpu {

// Moves and products on lines of complex numbers, one table per instruction set.  T is the real
// type; complex arrays are interleaved, and all strides, pitches and counts are in complex numbers.
template <class T>
struct LineFunctions {
  // lines[c * pitch + r] = x[r * stride + c]: `columns` adjacent columns become lines.
  void (*gather)(
      const T* x, int64_t stride, int64_t rows, int64_t columns, T* lines, int64_t pitch);
  // y[r * stride + c] = lines[c * pitch + r].
  void (*scatter)(
      const T* lines, int64_t pitch, int64_t rows, int64_t columns, T* y, int64_t stride);
  // y[i] = x[i] * map[i] * weight[i] * (re + i im), with conj(map) if `conjugate`; map and weight
  // (real) may be null; y may be x.
  void (*multiply)(
      const T* x, const T* map, bool conjugate, const T* weight, T re, T im, T* y, int64_t n);
  // y[i] += the same.
  void (*multiply_add)(
      const T* x, const T* map, bool conjugate, const T* weight, T re, T im, T* y, int64_t n);
};

struct LineTable {
  LineFunctions<float> f32;
  LineFunctions<double> f64;
};

template <class T>
const LineFunctions<T>& functions_of(const LineTable& table) {
  if constexpr (sizeof(T) == 4) {
    return table.f32;
  } else {
    return table.f64;
  }
}

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(lunops::cpu::LineTable, line_table)
