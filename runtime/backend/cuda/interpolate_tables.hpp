// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/backend/interpolate.hpp"

namespace lunops::cuda {

// The grid points under the kernel at one point in one dim: `count` of them from `start`, in the
// grid where it is circular modulo the extent, otherwise cut off at its lower end.
struct TapPlace {
  int32_t start = 0, count = 0;
};

// What the kernels of Interpolate read, made on the host: places and kernel values of all points,
// in the order in which they were given, and by tile of the grid the points that reach into it, in
// that order too: sums over them are the same each time.
//
// A tile has kTileCells cells, one for each thread of a block.  Dims that the grid lacks come first
// with extent 1.
inline constexpr int kTileCells = 256;

struct InterpolateTables {
  InterpolateTables(const InterpolateSpec& spec, int threads);

  int dims = 1;
  int wide = 1;                            // values of one place
  std::array<int64_t, 3> extent{1, 1, 1};  // of the grid
  std::array<int64_t, 3> tile{1, 1, 1};    // cells
  std::array<int64_t, 3> tiles{1, 1, 1};   // number along each dim
  std::vector<TapPlace> places;            // {frames, points, dims}
  std::vector<double> values;              // {frames, points, dims, wide}
  std::vector<int64_t> first;              // {frames, tiles…} + 1, into `reaching`
  std::vector<int32_t> reaching;           // numbers of points in their frame
};

}  // namespace lunops::cuda
