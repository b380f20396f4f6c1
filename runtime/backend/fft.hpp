// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

// A d-dim discrete Fourier transform of some dims of an array:
//   y[k] = scale * sum_n x[n] exp(sign * 2 pi i sum_d (k_d - o_d)(n_d - o_d) / N_d),   o_d =
//   floor(N_d/2) if centred, else 0.
struct FftSpec {
  DType dtype = DType::c64;        // c64 or c128
  std::vector<int64_t> extents;    // of all dims, row-major order; any of them may be transformed
  std::vector<int64_t> x_strides;  // elements
  std::vector<int64_t> y_strides;
  std::vector<int> axes;  // positions of the transformed dims
  int sign = -1;          // -1: exp(-2 pi i …)
  bool centred = true;
  double scale = 1.0;
};

// Made by a Backend; immutable; may run on several threads at once, each with a workspace of its
// own.
class FftKernel {
 public:
  virtual ~FftKernel() = default;
  virtual size_t workspace() const noexcept = 0;  // bytes, 64-byte aligned
  virtual double flops() const noexcept = 0;
  virtual double bytes() const noexcept = 0;  // memory traffic of one run
  // y = alpha FFT(x) + beta y.  x and y do not overlap.
  virtual void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const = 0;
};

}  // namespace lunops
