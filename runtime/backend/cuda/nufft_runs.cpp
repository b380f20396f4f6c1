// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft_runs.hpp"

#include <algorithm>
#include <utility>

namespace lunops::cuda {

namespace {

constexpr int64_t kDirectRun = 128;  // points of a block without tiles

void list_stretches(const NufftSpec& spec, RunLists& lists) {
  int64_t begin = 0;
  for (int64_t f = 0; f < spec.frames; ++f) {
    const int64_t end = begin + (spec.counts == nullptr ? spec.points : spec.counts[f]);
    for (; begin < end; begin += kDirectRun) {
      TileRun run;
      run.begin = begin;
      run.count = static_cast<int32_t>(std::min(kDirectRun, end - begin));
      run.frame = static_cast<int32_t>(f);
      lists.by_frame.push_back(run);
    }
    begin = end;
    lists.frame_runs[static_cast<size_t>(f + 1)] = static_cast<int64_t>(lists.by_frame.size());
  }
}

void list_by_frame(const std::vector<TileRun>& coloured, RunLists& lists) {
  lists.by_frame = coloured;
  std::stable_sort(lists.by_frame.begin(), lists.by_frame.end(),
                   [](const TileRun& a, const TileRun& b) {
                     return a.frame != b.frame ? a.frame < b.frame : a.count > b.count;
                   });
  std::vector<int64_t>& first = lists.frame_runs;
  for (const TileRun& run : lists.by_frame) ++first[static_cast<size_t>(run.frame + 1)];
  for (size_t f = 1; f < first.size(); ++f) first[f] += first[f - 1];
}

// The runs of a tile as one.
void join_cuts(const cpu::TileOrder& order, const std::vector<TileRun>& coloured, RunLists& lists) {
  std::vector<TileRun>& whole = lists.coloured;
  lists.colour_runs.assign(order.run_start.size(), 0);
  for (size_t part = 0; part + 1 < order.run_start.size(); ++part) {
    for (int64_t r = order.run_start[part]; r < order.run_start[part + 1]; ++r) {
      const TileRun& run = coloured[static_cast<size_t>(r)];
      const bool continues = run.slot > 0 && !whole.empty() &&
                             whole.back().begin + whole.back().count == run.begin &&
                             std::equal(run.start, run.start + 3, whole.back().start);
      if (continues) {
        whole.back().count += run.count;
      } else {
        whole.push_back(run);
      }
    }
    lists.colour_runs[part + 1] = static_cast<int64_t>(whole.size());
  }
}

}  // namespace

std::vector<TileRun> runs_of(const cpu::TileOrder& order, int width) {
  std::vector<TileRun> runs;
  runs.reserve(order.runs.size());
  for (const cpu::Run& run : order.runs) {
    TileRun made;
    made.begin = run.begin;
    made.count = static_cast<int32_t>(run.end - run.begin);
    made.frame = static_cast<int32_t>(run.frame);
    made.slot = run.slot;
    for (size_t d = static_cast<size_t>(3 - order.dims); d < 3; ++d) {
      const cpu::TileDim& dim = order.tiles[d];
      const auto t = static_cast<size_t>(run.tile[d]);
      made.start[d] = static_cast<int32_t>(dim.start[t]);
      made.side[d] = static_cast<int32_t>(dim.start[t + 1] - dim.start[t] + width - 1);
    }
    runs.push_back(made);
  }
  return runs;
}

RunLists run_lists(const NufftSpec& spec,
                   const cpu::TileOrder& order,
                   std::vector<TileRun> coloured,
                   bool is_direct) {
  RunLists lists;
  lists.frame_runs.assign(static_cast<size_t>(spec.frames + 1), 0);
  if (is_direct) {
    list_stretches(spec, lists);
  } else {
    list_by_frame(coloured, lists);
  }
  if (!spec.deterministic) return lists;
  if (is_direct) {
    join_cuts(order, coloured, lists);
    return lists;
  }
  lists.coloured = std::move(coloured);
  lists.colour_runs = order.run_start;
  lists.colour_cuts = order.cut_start;
  lists.slots = order.slots;
  for (const cpu::CutTile& cut : order.cut_tiles) lists.cuts.push_back({cut.first, cut.last});
  return lists;
}

}  // namespace lunops::cuda
