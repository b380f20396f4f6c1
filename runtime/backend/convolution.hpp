// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

// A convolution by its definition, of any number of dims:
//   y[o, n] = sum_r sum_j k[o, r, j] x[o, r, n - j + centre],   0 <= j < taps,
// with x zero or periodic beyond its ends, and conj(k) if `conjugate`.
struct ConvolutionSpec {
  DType dtype = DType::c64;         // of x and y: f32, f64, c64 or c128
  DType kernel_dtype = DType::c64;  // the same, or real
  const void* kernel = nullptr;     // read while the ConvolutionKernel is made
  bool conjugate = false;
  bool is_circular = false;

  // Strides are in elements; 0 where an array lacks the dim.
  struct Dim {
    int64_t extent;
    int64_t x, y, k;
  };
  std::vector<Dim> kept;    // o
  std::vector<Dim> summed;  // r; y is 0
  // A dim that is convolved, with extents of y and x; they differ in pieces of an operator only,
  // whose centre may be any integer.  Circular: taps <= extent = x_extent.
  struct Line {
    int64_t extent, x_extent, taps, centre;
    int64_t x, y, k;
  };
  std::vector<Line> lines;  // at least one
};

// Made by a Backend, with a copy of the kernel; immutable; may run on several threads at once, each
// with a workspace of its own.
class ConvolutionKernel {
 public:
  virtual ~ConvolutionKernel() = default;
  virtual size_t bytes() const noexcept = 0;      // of the copy
  virtual size_t workspace() const noexcept = 0;  // bytes, 64-byte aligned
  virtual double flops() const noexcept = 0;
  virtual double traffic() const noexcept = 0;  // bytes of one run
  // y = alpha (k * x) + beta y.  x and y do not overlap.
  virtual void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const = 0;
};

}  // namespace lunops
