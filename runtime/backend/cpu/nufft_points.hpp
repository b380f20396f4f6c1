// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "runtime/backend/cpu/tile_order.hpp"
#include "runtime/backend/nufft.hpp"

namespace lunops::cpu {

// Points of a NUFFT in tile order (nufft.md §3): what both directions share.  T is the real type.
template <class T>
struct SortedPoints : TileOrder {
  HeldArray<T> z;  // {points, dims}

  size_t bytes() const noexcept { return TileOrder::bytes() + z.bytes(); }
};

// Folds and sorts the points.  Throws Error{argument} if a coordinate is not finite.
template <class T>
SortedPoints<T> sort_points(const NufftSpec& spec,
                            const NufftParameters& parameters,
                            const Stream& stream,
                            const TileCuts& cuts = {});

// What both backends sort by.  `spec` is looked at as long as the problem is.
TileProblem tile_problem(const NufftSpec& spec,
                         const NufftParameters& parameters,
                         const TileCuts& cuts);
// Throws Error{argument} for a coordinate that is not finite; `number` counts those of all frames.
[[noreturn]] void refuse_coordinate(const NufftSpec& spec, int64_t number);

}  // namespace lunops::cpu
