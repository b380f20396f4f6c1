// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/interpolate_tables.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/device/thread_pool.hpp"

namespace lunops::cuda {

namespace {

constexpr int64_t kPointsAtOnce = 4096;

constexpr int64_t modulo(int64_t i, int64_t n) noexcept { return (i % n + n) % n; }

// Calls f(tile) for the tiles that a place reaches into, each once.
template <class F>
void each_tile(const TapPlace& place, int64_t extent, int64_t tile, const F& f) {
  int64_t seen[Taps::kMost];
  int count = 0;
  for (int i = 0; i < place.count; ++i) {
    const int64_t number = (place.start + i) % extent / tile;
    if (std::find(seen, seen + count, number) != seen + count) continue;
    seen[count++] = number;
    f(number);
  }
}

}  // namespace

InterpolateTables::InterpolateTables(const InterpolateSpec& spec, int threads)
    : dims(static_cast<int>(spec.grid.size())) {
  constexpr std::array<int64_t, 3> kTiles[] = {{1, 1, 256}, {1, 16, 16}, {4, 8, 8}};
  const size_t lead = 3 - spec.grid.size();
  tile = kTiles[dims - 1];
  for (size_t d = 0; d < spec.grid.size(); ++d) {
    extent[lead + d] = spec.grid[d];
    wide = std::max(wide, static_cast<int>(std::floor(spec.width[d])) + 1);
  }
  for (size_t d = 0; d < 3; ++d) tiles[d] = (extent[d] + tile[d] - 1) / tile[d];

  const int64_t all = spec.frames * spec.points;
  const auto axes = static_cast<size_t>(dims);
  places.resize(static_cast<size_t>(all) * axes);
  values.assign(places.size() * static_cast<size_t>(wide), 0.0);
  ThreadPool::process().run(
      (all + kPointsAtOnce - 1) / kPointsAtOnce, threads, [&](int64_t item, int) {
        const int64_t end = std::min(all, (item + 1) * kPointsAtOnce);
        for (int64_t j = item * kPointsAtOnce; j < end; ++j) {
          for (size_t d = 0; d < axes; ++d) {
            const size_t at = static_cast<size_t>(j) * axes + d;
            const Taps taps = taps_at(spec, static_cast<int>(d), spec.coordinates[at]);
            const int64_t n = spec.grid[d];
            int64_t start = taps.first, skipped = 0, count = taps.count;
            if (spec.is_circular) {
              start = modulo(start, n);
            } else {
              skipped = std::clamp<int64_t>(-start, 0, count);
              start = std::clamp<int64_t>(start, 0, n);
              count = std::min(count - skipped, n - start);
            }
            places[at] = {static_cast<int32_t>(start), static_cast<int32_t>(count)};
            std::copy_n(taps.value.begin() + skipped, count,
                        values.begin() + static_cast<ptrdiff_t>(at) * wide);
          }
        }
      });

  // By counting: how many each tile has, where they begin, and then the points in their order.
  const auto each_reached = [&](const auto& f) {  // f(number of the list, point)
    for (int64_t frame = 0; frame < spec.frames; ++frame) {
      for (int64_t point = 0; point < spec.points; ++point) {
        const TapPlace* const at =
            places.data() + static_cast<size_t>(frame * spec.points + point) * axes;
        const auto along = [&](const auto& self, size_t d, int64_t list) -> void {
          if (d == 3) return f(static_cast<size_t>(list), point);
          const TapPlace place = d < lead ? TapPlace{0, 1} : at[d - lead];
          each_tile(place, extent[d], tile[d],
                    [&](int64_t number) { self(self, d + 1, list * tiles[d] + number); });
        };
        along(along, 0, frame);
      }
    }
  };
  first.assign(static_cast<size_t>(spec.frames * tiles[0] * tiles[1] * tiles[2]) + 1, 0);
  each_reached([&](size_t list, int64_t) { ++first[list + 1]; });
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  reaching.resize(static_cast<size_t>(first.back()));
  std::vector<int64_t> next(first.begin(), first.end() - 1);
  each_reached([&](size_t list, int64_t point) {
    reaching[static_cast<size_t>(next[list]++)] = static_cast<int32_t>(point);
  });
}

}  // namespace lunops::cuda
