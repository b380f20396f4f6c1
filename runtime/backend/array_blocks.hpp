// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "runtime/core/dim.hpp"

namespace lunops {

// How an array of `ndim` dims is cut into blocks: block i covers the elements i * stride + j, where
// i_d < count_d and j_d < block_d; elements at or beyond `extent` are zeros that nobody stored.
//
// With a mask, a block is the list of its true entries in row-major order.  They are given as runs:
// stretches of true entries in one row of the block, rows being numbered in row-major order over
// all dims but the last.
struct BlockGrid {
  struct Run {
    int64_t row = 0;
    int64_t start = 0, length = 0;  // in the row
    int64_t number = 0;             // of its first entry among all true ones
  };
  int ndim = 0;
  std::array<int64_t, kMaxDims / 2> extent{}, block{}, stride{}, count{};
  const Run* runs = nullptr;  // in ascending order; null: no mask
  int64_t run_count = 0;
  int64_t entries = 0;  // of a block: its true ones
};

}  // namespace lunops
