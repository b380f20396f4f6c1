// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/backend/sparse.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

// Owns what SparseRows points to, but for the values.
struct RowTable {
  int64_t groups = 1, rows = 0, columns = 0;
  std::vector<int64_t> first;  // {groups * rows + 1}; empty: one entry in each row
  std::vector<int32_t> column;

  size_t bytes() const noexcept;
  // `value`: null for ones.
  SparseRows view(const void* value, DType dtype) const noexcept;
};

// The transpose of every group, entries in the order of the rows that they were in: entry k is
// entry source[k] of the table.
struct TransposedRows {
  RowTable table;
  std::vector<int64_t> source;
};
TransposedRows transposed(const RowTable& table);

// The dims of data by what they are to a table, as positions: those of one matrix after the other
// (`groups`), those that its rows or columns run over, row-major, and all others; the others and
// the groups of input and output correspond.
struct RowDims {
  std::vector<int> others, groups, line;
};
struct RowPlaces {
  RowDims x, y;
};
// Mixed terms are lines; `groups` are kept terms.
RowPlaces row_places(
    const Signature& forward, Mode mode, const Side& groups, int x_ndim, int y_ndim);

// Adds the steps of y <- scale of the rows applied to x; `value` may be null, `table` in dry plans.
void lower_rows(Builder& b,
                std::shared_ptr<const RowTable> table,
                const WeightPtr& value,
                bool conjugate,
                const RowPlaces& at,
                const Operand& x,
                const Operand& y,
                const StepScale& s);

}  // namespace lunops
