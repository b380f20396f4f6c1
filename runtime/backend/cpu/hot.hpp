// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "runtime/backend/cpu/isa_table.hpp"

// The loops in which solvers spend their vector work, one table per instruction set.
namespace lunops::cpu {

// Everything works on one run: n elements, `step` elements apart (any integer; 1 is the fast case).
// Tables are indexed by `hot_index`: f32, f64, c64, c128.  Scalars are pairs of doubles {re, im};
// `s` is {alpha, beta}; beta == 0 means that y is not read.
struct HotTable {
  // y = alpha x + beta y
  using Axpby = void (*)(int64_t n,
                         const void* x,
                         int64_t x_step,
                         bool conjugate,
                         const double* s,
                         void* y,
                         int64_t y_step);
  // y = alpha w x + beta y; w is real in a complex loop if `real_w`
  using Multiply = void (*)(int64_t n,
                            const void* w,
                            int64_t w_step,
                            bool real_w,
                            bool conjugate,
                            const void* x,
                            int64_t x_step,
                            const double* s,
                            void* y,
                            int64_t y_step);
  // The four sums of products of parts {re re', im im', re im', im re'} of x and y (real: the first
  // alone), and sum |x|^2; in double, in an order that depends on n alone
  using Dot = void (*)(
      int64_t n, const void* x, int64_t x_step, const void* y, int64_t y_step, double* result);
  using Norm2 = double (*)(int64_t n, const void* x, int64_t x_step);
  // sums += a b, in double; sums are pairs in complex loops
  using Accumulate = void (*)(int64_t n,
                              const void* a,
                              int64_t a_step,
                              bool real_a,
                              bool conjugate_a,
                              const void* b,
                              int64_t b_step,
                              bool conjugate_b,
                              double* sums);
  // sums += x, parts of complex numbers as neighbours; sums += |x|^2.  One sum per part or element
  // of a run with step 1.
  using Gather = void (*)(int64_t n, const void* x, double* sums);
  // y = alpha sums + beta y
  using Store = void (*)(int64_t n, const double* sums, const double* s, void* y, int64_t y_step);
  // x += alpha p; r -= alpha q; returns |r|^2
  using CgUpdate = double (*)(int64_t n,
                              const double* alpha,
                              const void* p,
                              int64_t p_step,
                              const void* q,
                              int64_t q_step,
                              void* x,
                              int64_t x_step,
                              void* r,
                              int64_t r_step);

  Axpby axpby[4];
  Multiply multiply[4];
  Dot dot[4];
  Norm2 norm2[4];
  Accumulate accumulate[4];
  Gather add[4];
  Gather add_squares[4];
  Store store[4];
  CgUpdate cg_update[4];
};

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(HotTable, hot_table)
