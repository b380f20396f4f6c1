// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/backend/nufft.hpp"

namespace lunops::cpu {

// One dim of a grid cut into an even number of nearly equal ranges, each at least as long as the
// kernel is wide: a stencil that begins in a range ends in it or in the next one.
struct TileDim {
  int64_t grid = 1;
  std::vector<int64_t> start;     // {count + 1}; one entry more than there are ranges
  std::vector<uint16_t> tile_of;  // {grid}: range of a cell
  int64_t count() const noexcept { return static_cast<int64_t>(start.size()) - 1; }
  int64_t longest() const noexcept;
};

// Some points of one tile, worked on by one thread.
struct Run {
  int64_t frame;
  std::array<int32_t, 3> tile;  // position of the tile; leading entries are 0 below 3 dims
  int64_t begin, end;           // in the sorted order
  int32_t slot;                 // buffer of a cut tile, counted per frame and colour; -1 if not cut
};

// All runs of one cut tile, added to the grid in order.
struct CutTile {
  int64_t frame;
  int64_t first, last;  // in `runs`; adjacent there and in ascending slots
};

// Points of a NUFFT in tile order (nufft.md §3): what both directions share.  T is the real type.
//
// Invariant: everything here depends on the points alone, not on threads.
template <class T>
struct SortedPoints {
  int dims = 0;
  int64_t frames = 0;
  std::array<TileDim, 3> tiles;  // slowest first, leading dims of extent 1
  std::vector<T> z;              // {points, dims}
  std::vector<uint16_t> cell;    // {points, dims}
  std::vector<uint32_t> index;   // {points}: number within the frame

  int colours = 1;                 // 2^dims, by the parity of the tile's position
  std::vector<Run> runs;           // by colour, then frame, cut tiles first, then largest first
  std::vector<int64_t> run_start;  // {colours * frames + 1} into `runs`
  std::vector<CutTile> cut_tiles;  // in the same order
  std::vector<int64_t> cut_start;  // {colours * frames + 1} into `cut_tiles`
  int64_t slots = 0;               // buffers that one frame and colour needs at most

  size_t bytes() const noexcept;
};

// Folds and sorts the points.  Throws Error{argument} if a coordinate is not finite.
template <class T>
SortedPoints<T> sort_points(const NufftSpec& spec, const NufftParameters& parameters, int threads);

}  // namespace lunops::cpu
