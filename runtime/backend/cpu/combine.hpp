// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "runtime/backend/cpu/isa_table.hpp"

// Sums of shifted rows with one coefficient per row: differences, filter banks and convolutions are
// made of them.  One table per instruction set.
namespace lunops::cpu {

// T is the real type; real coefficients treat complex rows as rows of twice as many reals.
template <class T>
struct CombineFunctions {
  // y[i] = sum_t c[t] rows[t][i] for n reals.  y does not overlap the rows.
  void (*one)(const T* const* rows, const T* c, int64_t taps, T* y, int64_t n);
  // y likewise, and z[i] = sum_t d[t] rows[t][i].
  void (*two)(const T* const* rows, const T* c, const T* d, int64_t taps, T* y, T* z, int64_t n);
  // even[i] = x[2 i], odd[i] = x[2 i + 1] for i < n, and the opposite; elements of 1 or 2 reals.
  void (*split)(const T* x, int reals, T* even, T* odd, int64_t n);
  void (*join)(const T* even, const T* odd, int reals, T* y, int64_t n);
  // y = a + i b for n complex numbers; y may be a.
  void (*turn)(const T* a, const T* b, T* y, int64_t n);
};

struct CombineTable {
  CombineFunctions<float> f32;
  CombineFunctions<double> f64;
};

template <class T>
const CombineFunctions<T>& functions_of(const CombineTable& table) {
  if constexpr (sizeof(T) == 4) {
    return table.f32;
  } else {
    return table.f64;
  }
}

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(lunops::cpu::CombineTable, combine_table)
