// SPDX-License-Identifier: MIT
// Host-only, but for the struct that kernels take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/cpu/tile_order.hpp"
#include "runtime/backend/nufft.hpp"
#include "runtime/device/held.hpp"

namespace lunops::cuda {

// Points of a NUFFT in tile order.
template <class T>
struct SortedPoints {
  HeldArray<T> z;             // {points, dims}: position within the left cell, in [-1, 1)
  HeldArray<uint16_t> cell;   // {points, dims}: left cell, from the start of the tile; else
  HeldArray<uint32_t> left;   // {points, dims}: left cell of the grid, where there are no tiles
  HeldArray<uint32_t> index;  // {points}: number of the sample
  size_t bytes() const noexcept { return z.bytes() + cell.bytes() + left.bytes() + index.bytes(); }
};

// What kernels need to know to find the bin of a point.  Dims are slowest first, without leading
// ones.
struct PointFold {
  const double* coordinates = nullptr;  // {frames, points, dims}, in cycles
  const int64_t* first = nullptr;  // {frames + 1}: of the points that exist; null: all of them do
  int64_t frames = 0, points = 0;
  int dims = 1, width = 1;
  bool is_nearest = false;
  int64_t image[3] = {1, 1, 1}, grid[3] = {1, 1, 1}, tiles[3] = {1, 1, 1};
  int64_t middle_groups = 1, groups = 1, tile_count = 1;  // as in TileBins
};

// Sorting on a GPU, step by step: the order and the bits of cpu::sort_points.  The coordinates are
// there from the beginning to `take`, whose points are what is kept.
class PointSort {
 public:
  // Throws Error{argument} if a coordinate is not finite, Error{limit} for more bins than keys.
  PointSort(const NufftSpec& spec,
            const NufftParameters& parameters,
            const cpu::TileCuts& cuts,
            const Stream& stream);

  const cpu::TileOrder& order() const noexcept { return order_; }  // without points
  int64_t points() const noexcept { return points_; }
  // The points, once, with cells of the grid in place of those of tiles if `is_direct`.
  template <class T>
  SortedPoints<T> take(bool is_direct, const Stream& stream);

 private:
  // Where tiles start.
  std::vector<int64_t> sort(const NufftSpec& spec, int64_t tiles, const Stream& stream);

  PointFold fold_;
  int64_t points_ = 0;
  cpu::TileOrder order_;
  HeldArray<double> coordinates_;
  HeldArray<int64_t> first_;
  HeldArray<uint32_t> keys_, index_;
};

// Kernels of nufft_points.cu.
//
// keys and numbers {points that exist}: bin of a point, and its number within the frame; *refused =
// the least number of a coordinate that is not finite, if that is less than what stands there.
void key_points(const PointFold& fold,
                uint32_t* keys,
                uint32_t* numbers,
                long long* refused,  // int64_t is no type of atomicMin
                const Stream& stream);
// start {tiles + 1}: the first of the sorted keys that belongs to tile t or a later one.
void find_tiles(const uint32_t* keys,
                int64_t points,
                int64_t groups,
                int64_t tiles,
                long long* start,
                const Stream& stream);
// Points in the order of keys and index; `cell` or `left` is null.
template <class T>
void place_points(const PointFold& fold,
                  const uint32_t* keys,
                  int64_t points,
                  const SortedPoints<T>& to,
                  const Stream& stream);

}  // namespace lunops::cuda
