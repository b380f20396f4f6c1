// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/tile_order.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/core/error.hpp"
#include "runtime/device/thread_pool.hpp"

namespace lunops::cpu {

int64_t TileDim::longest() const noexcept {
  int64_t most = 0;
  for (int64_t i = 0; i < count(); ++i) {
    const auto at = static_cast<size_t>(i);
    most = std::max(most, start[at + 1] - start[at]);
  }
  return most;
}

size_t TileOrder::bytes() const noexcept {
  return cell.bytes() + index.bytes() + runs.size() * sizeof(Run) +
         cut_tiles.size() * sizeof(CutTile) +
         (run_start.size() + cut_start.size()) * sizeof(int64_t);
}

namespace {

// A padded tile of one block stays within half of a 1 MiB L2: 36^2 cells of 64 B are 83 kB, and
// 12 x 20 x 20 cells 307 kB.  Slowest dim first, by the number of dims.
constexpr int64_t kTileSide[3][3] = {{512, 0, 0}, {32, 32, 0}, {8, 16, 16}};

constexpr int64_t kChunkPoints = 8192;

TileDim cut_dim(int64_t grid, int64_t side, int terms) {
  int64_t count = std::max<int64_t>(2, 2 * ((grid + side) / (2 * side)));
  while (count > 0 && grid / count < terms) count -= 2;
  count = std::max<int64_t>(count, 1);
  TileDim dim;
  dim.grid = grid;
  dim.tile_of.resize(static_cast<size_t>(grid));
  for (int64_t i = 0; i <= count; ++i) dim.start.push_back(i * grid / count);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = dim.start[static_cast<size_t>(i)]; c < dim.start[static_cast<size_t>(i) + 1];
         ++c)
      dim.tile_of[static_cast<size_t>(c)] = static_cast<uint16_t>(i);
  }
  return dim;
}

}  // namespace

int64_t live_points(const TileProblem& problem) noexcept {
  if (problem.counts == nullptr) return problem.frames * problem.points;
  int64_t sum = 0;
  for (int64_t f = 0; f < problem.frames; ++f) sum += problem.counts[f];
  return sum;
}

ExpectedTiles expected_tiles(const std::vector<int64_t>& grid,
                             int width,
                             int64_t frames,
                             int64_t points,
                             const TileCuts& cuts) {
  ExpectedTiles made;
  int64_t cells = 1;
  double share = 0;  // of a line through the grid that lies in its middle tile
  for (size_t d = 0; d < grid.size(); ++d) {
    const int64_t longest = cut_dim(grid[d], kTileSide[grid.size() - 1][d], width).longest();
    cells *= longest;
    made.padded_cells *= longest + width - 1;
    share = std::max(share, static_cast<double>(longest) / static_cast<double>(grid[d]));
  }
  const auto fullest = static_cast<int64_t>(share * static_cast<double>(points));
  const int64_t most = cuts.most(cells, frames * points);
  if (fullest > most) made.slots = (fullest + most - 1) / most;
  return made;
}

TileBins bins_of(const TileProblem& problem) {
  if (problem.points > int64_t{std::numeric_limits<uint32_t>::max()}) {
    fail(Code::limit, problem.operation, "{} points per frame are more than {}; split the samples",
         problem.points, std::numeric_limits<uint32_t>::max());
  }
  const auto dims = static_cast<int64_t>(problem.grid.size());
  const int64_t lead = 3 - dims;
  TileBins bins;
  for (int64_t d = 0; d < 3; ++d) {
    TileDim& dim = bins.tiles[static_cast<size_t>(d)];
    if (d < lead) {
      dim.start = {0, 1};
      dim.tile_of = {0};
    } else {
      const auto at = static_cast<size_t>(d - lead);
      dim = cut_dim(problem.grid[at], kTileSide[dims - 1][d - lead], problem.terms[at]);
    }
    bins.tile_count *= dim.count();
  }
  const auto groups_along = [&](int64_t d) {
    return d < 2 && dims > 2 - d
               ? (bins.tiles[static_cast<size_t>(d)].longest() + kRowGroup - 1) / kRowGroup
               : 1;
  };
  bins.middle_groups = groups_along(1);
  bins.groups = groups_along(0) * bins.middle_groups;
  return bins;
}

TileOrder sort_by_tile(const TileProblem& problem,
                       const Stream& stream,
                       const FoldPoints& fold,
                       const KeepPoints& keep) {
  const int threads = stream.threads();
  const auto dims = static_cast<int64_t>(problem.grid.size());
  const int64_t lead = 3 - dims;
  const int64_t total = problem.frames * problem.points;
  const int64_t live = live_points(problem);
  TileBins tile_bins = bins_of(problem);
  const std::array<TileDim, 3>& tiles = tile_bins.tiles;
  const int64_t middle_groups = tile_bins.middle_groups, groups = tile_bins.groups;
  const int64_t bins_per_tile = groups * problem.kinds;
  const int64_t bins_per_frame = tile_bins.tile_count * bins_per_tile;
  const int64_t bins = bins_per_frame * problem.frames;

  HeldArray<uint16_t> cells(live * dims, "sorted points", stream);
  HeldArray<uint32_t> numbers(live, "sorted points", stream);

  // Fixed chunks with a histogram each: the order is that of a sequential stable sort.
  const int64_t chunk_points = std::max(kChunkPoints, bins);
  const int64_t chunks = (total + chunk_points - 1) / chunk_points;
  std::vector<int64_t> offset(static_cast<size_t>(chunks * bins), 0);

  // Calls f(count, bins, folded points, first point) for the points of a chunk, some at a time.
  const auto visit = [&](int64_t chunk, const auto& f) {
    const int64_t end = std::min(total, (chunk + 1) * chunk_points);
    Folded at{};
    int64_t bin[kFoldedPoints];
    for (int64_t j = chunk * chunk_points; j < end;) {
      const int64_t frame = j / problem.points;
      const int64_t of_frame = problem.counts == nullptr ? problem.points : problem.counts[frame];
      const int64_t live_end = std::min(end, frame * problem.points + of_frame);
      if (j >= live_end) {
        j = (frame + 1) * problem.points;
        continue;
      }
      const int64_t count = std::min(kFoldedPoints, live_end - j);
      fold(j, count, at);
      for (int64_t i = 0; i < count; ++i) {
        int64_t tile = 0;
        int64_t group = 0;
        for (int64_t d = 0; d < dims; ++d) {
          int64_t& cell = at.cell[d][i];
          const TileDim& dim = tiles[static_cast<size_t>(lead + d)];
          const int64_t t = dim.tile_of[static_cast<size_t>(cell)];
          cell -= dim.start[static_cast<size_t>(t)];
          tile = tile * dim.count() + t;
          if (d + 1 < dims) group = group * (lead + d == 1 ? middle_groups : 1) + cell / kRowGroup;
        }
        bin[i] = frame * bins_per_frame + tile * bins_per_tile + at.kind[i] * groups + group;
      }
      f(count, bin, at, j % problem.points);
      j += count;
    }
  };

  ThreadPool& pool = ThreadPool::process();
  pool.run(chunks, threads, [&](int64_t chunk, int) {
    int64_t* histogram = offset.data() + chunk * bins;
    visit(chunk, [&](int64_t count, const int64_t* bin, const Folded&, int64_t) {
      for (int64_t i = 0; i < count; ++i) ++histogram[bin[i]];
    });
  });
  std::vector<int64_t> start;
  int64_t sum = 0;
  for (int64_t bin = 0; bin < bins; ++bin) {
    if (bin % groups == 0) start.push_back(sum);
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      int64_t& entry = offset[static_cast<size_t>(chunk * bins + bin)];
      const int64_t count = entry;
      entry = sum;
      sum += count;
    }
  }
  start.push_back(sum);
  uint16_t* const cell = cells.data();
  uint32_t* const index = numbers.data();
  pool.run(chunks, threads, [&](int64_t chunk, int) {
    int64_t* next = offset.data() + chunk * bins;
    visit(chunk, [&](int64_t count, int64_t* bin, const Folded& at, int64_t first) {
      for (int64_t i = 0; i < count; ++i) {
        const int64_t to = bin[i] = next[bin[i]]++;
        for (int64_t d = 0; d < dims; ++d)
          cell[to * dims + d] = static_cast<uint16_t>(at.cell[d][i]);
        index[to] = static_cast<uint32_t>(first + i);
      }
      keep(count, bin, at);
    });
  });

  TileOrder s = order_of(problem, std::move(tile_bins), start);
  s.cell = std::move(cells);
  s.index = std::move(numbers);
  return s;
}

TileOrder order_of(const TileProblem& problem, TileBins bins, std::span<const int64_t> start) {
  TileOrder s;
  const auto dims = static_cast<int64_t>(problem.grid.size());
  const int64_t lead = 3 - dims;
  s.dims = static_cast<int>(dims);
  s.frames = problem.frames;
  s.colours = 1 << dims;
  s.tiles = std::move(bins.tiles);
  const int64_t per_frame = bins.tile_count * problem.kinds;
  struct Keyed {
    int64_t colour;
    int64_t tile_points;
    Run run;
  };
  std::vector<Keyed> list;
  for (int64_t f = 0; f < problem.frames; ++f) {
    const int64_t together = problem.deterministic
                                 ? start[static_cast<size_t>((f + 1) * per_frame)] -
                                       start[static_cast<size_t>(f * per_frame)]
                                 : start.back();
    for (int64_t tile = 0; tile < bins.tile_count; ++tile) {
      const int64_t first = f * per_frame + tile * problem.kinds;
      const int64_t begin = start[static_cast<size_t>(first)];
      const int64_t second = start[static_cast<size_t>(first + 1)];
      const int64_t end = start[static_cast<size_t>(first + problem.kinds)];
      if (begin == end) continue;
      Run run{f, {0, 0, 0}, begin, end, second, -1};
      int64_t rest = tile;
      int64_t colour = 0;
      int64_t cells = 1;
      for (int64_t d = 3; d-- > 0;) {
        const TileDim& dim = s.tiles[static_cast<size_t>(d)];
        const int64_t t = rest % dim.count();
        rest /= dim.count();
        run.tile[static_cast<size_t>(d)] = static_cast<int32_t>(t);
        if (d >= lead) colour = colour * 2 + t % 2;
        cells *= dim.start[static_cast<size_t>(t) + 1] - dim.start[static_cast<size_t>(t)];
      }
      const int64_t most = problem.cuts.most(cells, together);
      const int64_t cuts = (end - begin + most - 1) / most;
      for (int64_t c = 0; c < cuts; ++c) {
        Run part = run;
        part.begin = begin + (end - begin) * c / cuts;
        part.end = begin + (end - begin) * (c + 1) / cuts;
        part.second = std::clamp(second, part.begin, part.end);
        part.slot = cuts == 1 ? -1 : 0;
        list.push_back({colour, end - begin, part});
      }
    }
  }
  std::stable_sort(list.begin(), list.end(), [](const Keyed& a, const Keyed& b) {
    if (a.colour != b.colour) return a.colour < b.colour;
    if (a.run.frame != b.run.frame) return a.run.frame < b.run.frame;
    if (a.run.slot != b.run.slot) return a.run.slot > b.run.slot;  // cut ones first
    return a.tile_points > b.tile_points;
  });
  s.run_start.assign(static_cast<size_t>(s.colours * s.frames + 1), 0);
  s.cut_start = s.run_start;
  int64_t slot = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    Run& run = list[i].run;
    const auto part = static_cast<size_t>(list[i].colour * s.frames + run.frame);
    if (s.run_start[part + 1] == 0) slot = 0;
    ++s.run_start[part + 1];
    if (run.slot >= 0) {
      run.slot = static_cast<int32_t>(slot++);
      s.slots = std::max(s.slots, slot);
      const auto at = static_cast<int64_t>(i);
      const bool continues = i > 0 && run.slot > 0 && list[i - 1].run.tile == run.tile;
      if (continues) {
        s.cut_tiles.back().last = at + 1;
      } else {
        s.cut_tiles.push_back({run.frame, at, at + 1});
        ++s.cut_start[part + 1];
      }
    }
    s.runs.push_back(run);
  }
  for (size_t i = 1; i < s.run_start.size(); ++i) {
    s.run_start[i] += s.run_start[i - 1];
    s.cut_start[i] += s.cut_start[i - 1];
  }
  return s;
}

}  // namespace lunops::cpu
