// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "runtime/backend/cpu/isa_table.hpp"

// Loops over the rows of a sparse matrix, one table per instruction set.
namespace lunops::cpu {

struct SparseTable {
  // The rows of one group from the first to be done: `first` are their limits among the entries,
  // null where row r is entry r; `column` and `value` are those of entry 0.
  struct Rows {
    int64_t count;
    const int64_t* first;
    const int32_t* column;
    const void* value;  // null: ones
    bool is_real;       // real values of complex data
    bool conjugate;
  };
  // y[r] = alpha sum_k value[k] x[column[k]] + beta y[r]; sums in double.
  using Each = void (*)(
      const Rows& a, const void* x, int64_t x_step, const double* s, void* y, int64_t y_step);
  // The same for `n` data side by side, at most kWidest: contiguous in x and y, whose steps are
  // from column to column and from row to row.
  using Wide = void (*)(const Rows& a,
                        int64_t n,
                        const void* x,
                        int64_t x_step,
                        const double* s,
                        void* y,
                        int64_t y_step);

  Each each[4];  // f32, f64, c64, c128
  Wide wide[4];
};
inline constexpr int64_t kWidest = 64;

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(SparseTable, sparse_table)
