// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "runtime/core/dim.hpp"

namespace lunops {

// The matrix of a difference along one dim: tridiagonal with constant diagonals but for its first
// and last row.
//   y[n] = lower x[n-1] + diagonal x[n] + upper x[n+1],   n = 0 … N-1
// Beyond the ends x is 0, or periodic if `is_circular`.  `first` and `last` are added to the
// diagonal in the first and the last row (both, if there is but one).
struct DifferenceLine {
  int axis = 0;
  double lower = 0, diagonal = 0, upper = 0;
  double first = 0, last = 0;
  bool is_circular = false;

  DifferenceLine transposed() const noexcept {
    DifferenceLine t = *this;
    t.lower = upper;
    t.upper = lower;
    return t;
  }
};

// Such matrices D_l along several dims of one array.
//   sum     y = sum_l D_l x
//   stack   y_l = D_l x
//   gather  y = sum_l D_l x_l
struct DifferenceSpec {
  enum class Form : uint8_t { sum, stack, gather };
  Form form = Form::sum;
  int count = 0;
  std::array<DifferenceLine, kMaxDims> lines;
  int64_t pitch = 0;  // elements from y_l to y_(l+1), or from x_l to x_(l+1)
};

}  // namespace lunops
