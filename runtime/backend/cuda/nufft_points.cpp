// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft_points.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>
#include <utility>

#include "runtime/backend/cpu/nufft_points.hpp"
#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/cub_sort.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/core/error.hpp"

namespace lunops::cuda {

namespace {

constexpr const char* kSorting = "points being sorted";
constexpr long long kNone = std::numeric_limits<long long>::max();
static_assert(sizeof kNone == sizeof(int64_t));

}  // namespace

PointSort::PointSort(const NufftSpec& spec,
                     const NufftParameters& parameters,
                     const cpu::TileCuts& cuts,
                     const Stream& stream) {
  const cpu::TileProblem problem = cpu::tile_problem(spec, parameters, cuts);
  cpu::TileBins bins = cpu::bins_of(problem);
  points_ = cpu::live_points(problem);
  fold_.frames = spec.frames;
  fold_.points = spec.points;
  fold_.dims = static_cast<int>(spec.image.size());
  fold_.width = parameters.width;
  fold_.is_nearest = spec.is_nearest;
  const size_t lead = 3 - spec.image.size();
  for (size_t d = 0; d < spec.image.size(); ++d) {
    fold_.image[d] = spec.image[d];
    fold_.grid[d] = parameters.grid[d];
    fold_.tiles[d] = bins.tiles[lead + d].count();
  }
  fold_.middle_groups = bins.middle_groups;
  fold_.groups = bins.groups;
  fold_.tile_count = bins.tile_count;
  const int64_t tiles = spec.frames * bins.tile_count;
  std::vector<int64_t> start(static_cast<size_t>(tiles + 1), 0);
  if (points_ > 0) {
    constexpr int64_t kMostKeys = int64_t{1} << 32;
    if (tiles > kMostKeys / bins.groups) {
      fail(Code::limit, "NUFFT",
           "{} frames of {} bins of points are more than the {} that a GPU can sort by; split the "
           "frames",
           spec.frames, bins.tile_count * bins.groups, kMostKeys);
    }
    coordinates_ = held_copy(
        std::span<const double>(spec.coordinates,
                                static_cast<size_t>(spec.frames * spec.points * fold_.dims)),
        kSorting, stream);
    if (spec.counts != nullptr) {
      std::vector<int64_t> first = {0};
      for (int64_t f = 0; f < spec.frames; ++f) first.push_back(first.back() + spec.counts[f]);
      first_ = held_copy(std::span<const int64_t>(first), kSorting, stream);
    }
    fold_.coordinates = coordinates_.data();
    fold_.first = first_.data();
    start = sort(spec, tiles, stream);
  }
  order_ = cpu::order_of(problem, std::move(bins), start);
}

std::vector<int64_t> PointSort::sort(const NufftSpec& spec, int64_t tiles, const Stream& stream) {
  std::array<HeldArray<uint32_t>, 2> keys, numbers;
  SortedPairs pairs{};
  for (size_t side = 0; side < 2; ++side) {
    keys[side] = HeldArray<uint32_t>(points_, kSorting, stream);
    numbers[side] = HeldArray<uint32_t>(points_, "sorted points", stream);
    pairs.keys[side] = keys[side].data();
    pairs.numbers[side] = numbers[side].data();
  }
  pairs.count = points_;
  const int64_t bins = fold_.frames * fold_.tile_count * fold_.groups;
  pairs.bits = std::max(1, static_cast<int>(std::bit_width(static_cast<uint64_t>(bins - 1))));
  const cudaStream_t native = enter(stream);  // the device that cub asks about too
  const HeldArray<std::byte> memory(static_cast<int64_t>(sort_pairs_bytes(pairs)), kSorting,
                                    stream);
  // A coordinate that is refused, and where tiles start.
  const HeldArray<long long> there(tiles + 2, kSorting, stream);
  check(cudaMemcpyAsync(there.data(), &kNone, sizeof kNone, cudaMemcpyHostToDevice, native),
        "cudaMemcpyAsync");
  key_points(fold_, pairs.keys[0], pairs.numbers[0], there.data(), stream);
  const SortedSides at = sort_pairs(pairs, memory.data(), memory.bytes(), enter(stream));
  keys_ = std::move(keys[static_cast<size_t>(at.keys)]);
  index_ = std::move(numbers[static_cast<size_t>(at.numbers)]);
  find_tiles(keys_.data(), points_, fold_.groups, tiles, there.data() + 1, stream);

  std::vector<int64_t> found(static_cast<size_t>(tiles + 2));
  check(cudaMemcpyAsync(found.data(), there.data(), there.bytes(), cudaMemcpyDeviceToHost,
                        enter(stream)),
        "cudaMemcpyAsync");
  // Before what is not needed any more is given back.
  check(cudaStreamSynchronize(enter(stream)), "cudaStreamSynchronize");
  if (found.front() != kNone) cpu::refuse_coordinate(spec, found.front());
  found.erase(found.begin());
  return found;
}

template <class T>
SortedPoints<T> PointSort::take(bool is_direct, const Stream& stream) {
  SortedPoints<T> made;
  if (points_ == 0) return made;
  const char* const what = "sorted points";
  const int64_t entries = points_ * fold_.dims;
  made.z = HeldArray<T>(entries, what, stream);
  if (is_direct) {
    made.left = HeldArray<uint32_t>(entries, what, stream);
  } else {
    made.cell = HeldArray<uint16_t>(entries, what, stream);
  }
  made.index = std::move(index_);
  place_points(fold_, keys_.data(), points_, made, stream);
  return made;
}

template SortedPoints<float> PointSort::take(bool, const Stream&);
template SortedPoints<double> PointSort::take(bool, const Stream&);

}  // namespace lunops::cuda
