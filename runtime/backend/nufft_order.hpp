// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/device/stream.hpp"

namespace lunops {

// Points of a NUFFT in the order in which a GPU works on them.
struct NufftOrder {
  std::vector<double> z;        // {points, d}: position within the left cell, as it is stored
  std::vector<uint32_t> cell;   // {points, d}: left cell, from the start of the tile or of the grid
  bool has_tiles = true;        // what `cell` counts from
  std::vector<uint32_t> index;  // {points}: number within the frame
  // Frame, begin, end and buffer (-1: none) of each run; without tiles of each stretch.
  std::vector<std::array<int64_t, 4>> runs;
};

// What NufftPoints of a GPU are besides, for tests.
class ShowsOrder {
 public:
  virtual ~ShowsOrder() = default;
  virtual NufftOrder order(const Stream& stream) const = 0;
};

}  // namespace lunops
