// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "runtime/backend/cpu/isa_table.hpp"

// Loops over small boxes: what cutting arrays into blocks is made of.
namespace lunops::cpu {

// A box has n[0] x n[1] x n[2] x n[3] elements; `step`s count elements for axpby, bytes for stream.
struct BoxTable {
  // y = alpha x + beta y; s is {alpha, beta} as pairs of doubles; beta == 0 means that y is not
  // read.  Rows (the last dim) are done in ascending order, so rows of y may overlap: with beta =
  // 1, each element sums in that order.
  using Axpby = void (*)(const int64_t* n,
                         const void* x,
                         const int64_t* x_step,
                         const double* s,
                         void* y,
                         const int64_t* y_step);
  // y = x, past the caches; rows are contiguous, rows of y start at and n[3] is a multiple of 64
  // bytes.
  using Stream = void (*)(
      const int64_t* n, const void* x, const int64_t* x_step, void* y, const int64_t* y_step);

  Axpby axpby[4];  // f32, f64, c64, c128
  Stream stream;
};

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(BoxTable, box_table)
