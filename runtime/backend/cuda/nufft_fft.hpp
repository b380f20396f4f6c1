// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "runtime/backend/cuda/line_plan.hpp"
#include "runtime/device/stream.hpp"

namespace lunops::cuda {

// Unnormalised transforms, in place, of grids that hold images with the centre at cell 0.
//
// Small grids are transformed by blocks of 1, 2, 4, … of them at once.  Large ones of three dims
// one by one, with the transforms within slabs left out for those that hold no image: (2/sigma + 1)
// / 3 of the work.  Thread-safe.
class GridFft {
 public:
  // One grid at a time where the bits of one may not depend on how many there are: what cuFFT does
  // for many lines may differ from what it does for one.
  GridFft(std::array<int64_t, 3> image,
          std::array<int64_t, 3> grid,
          int dims,
          bool is_double,
          bool deterministic,
          const Stream& stream);
  GridFft(const GridFft&) = delete;

  size_t workspace() const noexcept { return bytes_; }
  // workspace() of one that is not made.
  static size_t expected_workspace(std::array<int64_t, 3> image,
                                   std::array<int64_t, 3> grid,
                                   int dims,
                                   bool is_double,
                                   bool deterministic,
                                   const Stream& stream);

  // sign: of the exponent.  to_grid: only the image is not zero; otherwise only it is wanted.
  void run(void* cells,
           int64_t planes,
           int sign,
           bool to_grid,
           std::byte* workspace,
           const Stream& stream) const;

 private:
  struct Plan {
    LinePlan transforms;
    int64_t planes;
  };
  void execute(const LinePlan& plan, void* cells, int64_t first, int sign) const;

  bool is_double_, is_sliced_;
  int64_t cells_ = 1, slab_ = 1;
  int64_t low_ = 0, high_ = 0, first_high_ = 0;  // slabs from 0 on, and those at the end
  std::vector<Plan> blocks_;                     // largest first
  LinePlan low_slabs_, high_slabs_, across_;
  bool is_even_ = false;  // low_slabs_ serves for both ends
  size_t bytes_ = 0;
  mutable std::mutex mutex_;  // a plan keeps its stream and its workspace
};

}  // namespace lunops::cuda
