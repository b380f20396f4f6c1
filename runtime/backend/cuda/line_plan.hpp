// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cuda_runtime_api.h>
#include <cufft.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lunops::cuda {

// A plan of cuFFT for equal transforms in place, unnormalised, in memory and with a work area that
// the caller gives.  It keeps its stream and its work area: one thread at a time may issue it.
class LinePlan {
 public:
  LinePlan() = default;  // runs nothing
  // `batch` transforms of the extents n; elements lie `stride` apart, the first ones of transforms
  // `distance`.  Made on the current device.
  LinePlan(const std::vector<int64_t>& n,
           int64_t stride,
           int64_t distance,
           int64_t batch,
           bool is_double);
  LinePlan(LinePlan&& other) noexcept { swap(other); }
  LinePlan& operator=(LinePlan&& other) noexcept {
    swap(other);
    return *this;
  }
  ~LinePlan();

  size_t work_bytes() const noexcept { return work_bytes_; }
  void run(void* data, int sign, void* work, cudaStream_t stream) const;

 private:
  void swap(LinePlan& other) noexcept;

  bool is_made_ = false;
  bool is_double_ = false;
  cufftHandle plan_ = 0;
  size_t work_bytes_ = 0;
};

}  // namespace lunops::cuda
