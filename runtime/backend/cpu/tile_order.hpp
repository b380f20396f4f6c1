// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "runtime/backend/cpu/fold.hpp"
#include "runtime/device/held.hpp"

namespace lunops::cpu {

// One dim of a grid cut into ranges: an even number of nearly equal ones, each at least as long as
// a stencil, so that a stencil that begins in a range ends in it or in the next one; or a single
// range where the grid is too short for that.
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
  int64_t second;               // where points of the second kind begin, in [begin, end]
  int32_t slot;                 // buffer of a cut tile, counted per frame and colour; -1 if not cut
};

// All runs of one cut tile, added to the grid in order.
struct CutTile {
  int64_t frame;
  int64_t first, last;  // in `runs`; adjacent there and in ascending slots
};

// Points in the order of the tiles that their stencils begin in (nufft.md §3).
//
// Invariant: everything here depends on the points alone, not on threads.
struct TileOrder {
  int dims = 0;
  int64_t frames = 0;
  std::array<TileDim, 3> tiles;  // slowest first, leading dims of extent 1
  HeldArray<uint16_t> cell;      // {points, dims}: left cell of the stencil, from the tile's start
  HeldArray<uint32_t> index;     // {points}: number within the frame

  int colours = 1;                 // 2^dims, by the parity of the tile's position
  std::vector<Run> runs;           // by colour, then frame, cut tiles first, then largest first
  std::vector<int64_t> run_start;  // {colours * frames + 1} into `runs`
  std::vector<CutTile> cut_tiles;  // in the same order
  std::vector<int64_t> cut_start;  // {colours * frames + 1} into `cut_tiles`
  int64_t slots = 0;               // buffers that one frame and colour needs at most

  int64_t points() const noexcept { return index.size(); }
  size_t bytes() const noexcept;
};

// A tile of so many cells, of so many points in all, is cut into runs where it holds more than the
// largest of these: for the CPU where it would keep one thread busy while the others wait.  The
// bound by `points` keeps the buffers of the cuts few where all tiles are full.
struct TileCuts {
  int64_t least = 4096, per_cell = 4, share = 256;
  int64_t most(int64_t cells, int64_t points) const noexcept {
    return std::max({least, per_cell * cells, points / share});
  }
};

struct TileProblem {
  const char* operation = "";            // for messages
  std::vector<int64_t> grid;             // extents, slowest first
  std::array<int, 3> terms = {1, 1, 1};  // cells of a stencil by dim
  int64_t frames = 1;
  int64_t points = 0;               // per frame
  const int64_t* counts = nullptr;  // {frames}: only the first of them exist; null: all
  int kinds = 1;
  bool deterministic = false;  // the order within a frame does not depend on other frames
  TileCuts cuts = {};
};

// Points of neighbouring groups of so many rows of a tile follow each other, so that their cells
// stay in L1.
inline constexpr int64_t kRowGroup = 4;

// The tiles of a problem.  The points of a frame are sorted by tile, of a tile by kind, of a kind
// by group of rows.
struct TileBins {
  std::array<TileDim, 3> tiles;  // slowest first, leading dims of extent 1
  int64_t tile_count = 1;        // of a frame
  int64_t middle_groups = 1;     // of rows, along the middle dim
  int64_t groups = 1;            // of rows, in a tile
};
// Throws Error{limit} if a frame has more points than can be numbered.
TileBins bins_of(const TileProblem& problem);

// The order of points that are sorted, but for `cell` and `index`.  `start` {frames, tiles, kinds,
// and one more}: where the points of each kind of each tile begin.
TileOrder order_of(const TileProblem& problem, TileBins bins, std::span<const int64_t> start);

// Where points j = first … first + count - 1 (over all frames) fall, at most kFoldedPoints: the
// same whenever it is asked.
using FoldPoints = std::function<void(int64_t first, int64_t count, Folded& folded)>;
// Told once for each point at which place of the order it stands.
using KeepPoints = std::function<void(int64_t count, const int64_t* place, const Folded& folded)>;
// Both are called from several threads.
TileOrder sort_by_tile(const TileProblem& problem,
                       const Stream& stream,
                       const FoldPoints& fold,
                       const KeepPoints& keep);
int64_t live_points(const TileProblem& problem) noexcept;  // entries of the order

// What is known of tiles before points are sorted.
struct ExpectedTiles {
  int64_t padded_cells = 1;  // of the largest, with room around it for the stencil
  // Buffers of cut tiles for each frame and colour, if the points lie as on lines through the
  // middle: fewer where they are spread evenly.
  int64_t slots = 0;
};
ExpectedTiles expected_tiles(const std::vector<int64_t>& grid,
                             int width,
                             int64_t frames,
                             int64_t points,
                             const TileCuts& cuts = {});

}  // namespace lunops::cpu
