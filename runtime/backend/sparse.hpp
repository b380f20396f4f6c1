// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "runtime/core/dtype.hpp"

namespace lunops {

// Rows of a sparse matrix, or of several of one size ("groups"), as a kernel sees them: Sparse,
// Sampling, and their adjoints by the stored transpose.  No owner; memory is contiguous and stays
// as it is while the kernel runs.
//
// Invariants: `first` never decreases, starts at 0 and ends at the number of entries; columns are
// in 0 … columns-1.  Sums go in the order of the entries, so a result does not depend on threads.
struct SparseRows {
  int64_t groups = 1, rows = 0, columns = 0;
  const int64_t* first = nullptr;   // {groups * rows + 1}; null: one entry in each row
  const int32_t* column = nullptr;  // of each entry
  const void* value = nullptr;      // of each entry; null: ones
  DType dtype = DType::f32;         // of the values: the data's, or real where data are complex
  int64_t entries = 0;
};

}  // namespace lunops
