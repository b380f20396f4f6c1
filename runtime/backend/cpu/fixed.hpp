// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "runtime/backend/cpu/isa_table.hpp"

// Sums of products in an order that only the summed index decides (SumOrder::fixed), one table per
// instruction set.
namespace lunops::cpu {

// How each result sums: chains of so many multiply-adds in double, each from 0, and the chains one
// after another.  A product of complex numbers is two multiply-adds for each part, that with the
// first operand's real part first.
inline constexpr int64_t kFixedBlock = 128;

struct FixedTable {
  // sums += a b element by element, as HotTable::Accumulate.
  using Accumulate = void (*)(int64_t n,
                              const void* a,
                              int64_t a_step,
                              bool real_a,
                              bool conjugate_a,
                              const void* b,
                              int64_t b_step,
                              bool conjugate_b,
                              double* sums);
  // A panel holds `side` elements for each of at most kFixedBlock summed indices, real parts before
  // imaginary ones: panel[(k * parts + part) * side + i].
  using Pack = void (*)(int64_t count,
                        int64_t length,
                        const void* x,
                        int64_t step,
                        int64_t k_step,
                        bool conjugate,
                        int64_t side,
                        double* panel);
  // totals[(j * parts + part) * rows + i] += the chain over k of left[k][i] right[k][j].
  using Multiply = void (*)(int64_t length,
                            const double* left,
                            const double* right,
                            double* totals);

  int rows[2];               // of a left panel: where the result is real, and complex
  Accumulate accumulate[4];  // f32, f64, c64, c128
  Pack pack[4];              // by the operand's dtype
  Multiply real;             // both operands are
  Multiply complex[2];       // second: the left panel is the second operand
  Multiply left_is_real, right_is_real;
};
inline constexpr int64_t kFixedColumns = 4;  // of a right panel

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(FixedTable, fixed_table)
