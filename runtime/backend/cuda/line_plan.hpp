// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cuda_runtime_api.h>
#include <cufft.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/device/stream.hpp"

namespace lunops::cuda {

// `batch` transforms of the extents n; elements lie `stride` apart, the first ones of transforms
// `distance`.
struct Lines {
  std::vector<int64_t> n;
  int64_t stride, distance, batch;
  bool is_double;
  auto operator<=>(const Lines&) const = default;
  bool is_trivial() const noexcept;  // each element is its own transform, or there is none
};

// work_bytes() of a plan that is not made.  cuFFT is asked once about each.
size_t work_bytes_of(const Lines& lines, const Stream& stream);

// A plan of cuFFT for equal transforms in place, unnormalised, in memory and with a work area that
// the caller gives.  It keeps its stream and its work area: one thread at a time may issue it.
//
// cuFFT allocates tables on the device when a plan is made.  Where they do not fit, unused memory
// is given back and it is tried once more; then the error lists the largest tensors.
class LinePlan {
 public:
  LinePlan() = default;                                // runs nothing
  LinePlan(const Lines& lines, const Stream& stream);  // on the stream's device
  LinePlan(LinePlan&& other) noexcept { swap(other); }
  LinePlan& operator=(LinePlan&& other) noexcept {
    swap(other);
    return *this;
  }
  ~LinePlan();

  size_t work_bytes() const noexcept { return work_bytes_; }
  // What execute uses from then on.
  void prepare(void* work, cudaStream_t stream) const;
  void execute(void* data, int sign) const;
  void run(void* data, int sign, void* work, cudaStream_t stream) const {
    prepare(work, stream);
    execute(data, sign);
  }

 private:
  void swap(LinePlan& other) noexcept;
  // False, with nothing left, where memory is short.
  bool make(const Lines& lines, bool is_last);

  int device_ = 0;
  bool is_made_ = false;
  bool is_double_ = false;
  cufftHandle plan_ = 0;
  size_t work_bytes_ = 0;
};

}  // namespace lunops::cuda
