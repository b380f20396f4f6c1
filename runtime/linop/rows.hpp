// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/backend/sparse.hpp"
#include "runtime/device/held.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

class PlacedRows;

// Owns what SparseRows points to, but for the values.  Not changed any more once it is placed.
struct RowTable {
  int64_t groups = 1, rows = 0, columns = 0;
  std::vector<int64_t> first;  // {groups * rows + 1}; empty: one entry in each row
  std::vector<int32_t> column;

  OnDevices<PlacedRows> placed;

  size_t bytes() const noexcept;
};

// A table where kernels of one device read it: on a GPU a copy, elsewhere the table itself.
class PlacedRows {
 public:
  static std::shared_ptr<const PlacedRows> of(std::shared_ptr<const RowTable> table,
                                              const Stream& stream);
  PlacedRows(std::shared_ptr<const RowTable> table, const Stream& stream);

  const RowTable& table() const noexcept { return *table_; }
  // `value`: null for ones.
  SparseRows view(const void* value, DType dtype) const noexcept;

 private:
  std::shared_ptr<const RowTable> table_;
  HeldArray<int64_t> first_;  // of a GPU
  HeldArray<int32_t> column_;
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
