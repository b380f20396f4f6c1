// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

// An orthogonal wavelet transform of some dims (operators.md §4): an image with extents N is padded
// with zeros at the end to extents P, multiples of 2^levels; each level filters the approximation
// corner along every axis,
//   a[n] = sum_k h[k] v[(2n+k) mod P_l],   d[n] = sum_k g[k] v[(2n+k) mod P_l],
// g[k] = (-1)^k h[2p-1-k], and leaves a in the first half and d in the second.  The adjoint goes
// from coefficients to the image.
struct WaveletSpec {
  DType dtype = DType::c64;            // f32, f64, c64 or c128
  std::vector<int64_t> extents;        // of the image, all dims
  std::vector<int64_t> image_strides;  // elements
  std::vector<int64_t> band_strides;   // of the coefficients
  std::vector<int> axes;               // positions of the transformed dims
  std::vector<int64_t> padded;         // P by axis
  int levels = 1;
  std::vector<double> filter;  // h
  bool is_adjoint = false;
};

// Made by a Backend; immutable; may run on several threads at once, each with a workspace of its
// own.
class WaveletKernel {
 public:
  virtual ~WaveletKernel() = default;
  virtual size_t workspace() const noexcept = 0;  // bytes, 64-byte aligned
  virtual double flops() const noexcept = 0;
  virtual double bytes() const noexcept = 0;  // memory traffic of one run
  // y = alpha W(x) + beta y.  x and y do not overlap.
  virtual void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const = 0;
};

}  // namespace lunops
