// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/backend/cpu/tile_order.hpp"
#include "runtime/backend/cuda/nufft.hpp"
#include "runtime/backend/nufft.hpp"

namespace lunops::cuda {

// Runs in the order of their tiles' colours, then frames.
std::vector<TileRun> runs_of(const cpu::TileOrder& order, int width);

// Runs as launches take them.
struct RunLists {
  // With atomics and for interpolation: by frame, those with most points first; without tiles
  // stretches of points.
  std::vector<TileRun> by_frame;
  std::vector<int64_t> frame_runs;  // {frames + 1} into `by_frame`

  // Of deterministic plans: by colour, then frame; without tiles each is all of a tile.
  std::vector<TileRun> coloured;
  std::vector<int64_t> colour_runs;  // {colours * frames + 1} into `coloured`
  std::vector<CutRuns> cuts;         // in the same order
  std::vector<int64_t> colour_cuts;  // {colours * frames + 1} into `cuts`
  int64_t slots = 0;                 // buffers of cut tiles by frame and colour
};
RunLists run_lists(const NufftSpec& spec,
                   const cpu::TileOrder& order,
                   std::vector<TileRun> coloured,
                   bool is_direct);

}  // namespace lunops::cuda
