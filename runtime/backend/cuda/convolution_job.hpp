// SPDX-License-Identifier: MIT
// Host-only, but for the struct that the kernel takes.
#pragma once

#include <cstdint>

#include "runtime/backend/cuda/dims.hpp"
#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops::cuda {

constexpr int kMostLines = 4;  // dims that are convolved

// A convolution as one launch computes it.  The filter depends on the set of a result; taps are
// those of all lines and all indices that are summed.
struct ConvolutionJob {
  struct Line {
    int64_t extent, x_extent, taps, centre, x;  // as in ConvolutionSpec
  };
  Walk<2, int64_t> sets;                  // offsets in x and y
  Walk<2 + kMostLines, int64_t> results;  // of a set: in x, without lines; in y; index by line
  Line line[kMostLines] = {};
  int lines = 0;
  bool is_circular = false;
  int64_t taps = 1;
  const void* filter = nullptr;  // {sets, taps}, conjugated
  const int64_t* offset =
      nullptr;  // {taps}: from x at the index of a result, where none is outside
  const int64_t* summed = nullptr;    // {taps}: what summed dims have in it
  const int32_t* position = nullptr;  // {taps, lines}: j of each line
};

struct ConvolutionSize {
  int64_t sets, results;
};
// `job` lies in memory of the device: what calls within a kernel take by address cannot be among
// its parameters.
void convolve(const ConvolutionSize& size,
              const ConvolutionJob* job,
              DType dtype,
              bool has_complex_filter,
              const void* x,
              void* y,
              Scale s,
              const Stream& stream);

}  // namespace lunops::cuda
