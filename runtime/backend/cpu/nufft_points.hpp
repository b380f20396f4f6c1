// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/backend/cpu/tile_order.hpp"
#include "runtime/backend/nufft.hpp"

namespace lunops::cpu {

// Points of a NUFFT in tile order (nufft.md §3): what both directions share.  T is the real type.
template <class T>
struct SortedPoints : TileOrder {
  std::vector<T> z;  // {points, dims}

  size_t bytes() const noexcept { return TileOrder::bytes() + z.size() * sizeof(T); }
};

// Folds and sorts the points.  Throws Error{argument} if a coordinate is not finite.
template <class T>
SortedPoints<T> sort_points(const NufftSpec& spec, const NufftParameters& parameters, int threads);

}  // namespace lunops::cpu
