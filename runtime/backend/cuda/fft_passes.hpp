// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/cuda/line_plan.hpp"
#include "runtime/backend/fft.hpp"

namespace lunops::cuda {

// How a transform over some dims is done in a work array {other dims, axes}, in place.
struct FftPasses {
  // One plan, run for `repeats` stretches of `step` elements.
  struct Pass {
    Lines lines;
    int64_t repeats, step;
  };
  std::vector<int> axes;           // slowest first
  int64_t within = 1, others = 1;  // elements of the axes, and of the other dims
  std::vector<Pass> passes;
  size_t work_bytes = 0;  // of the array

  explicit FftPasses(const FftSpec& spec);
};

}  // namespace lunops::cuda
