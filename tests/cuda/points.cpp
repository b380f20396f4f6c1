// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include <catch2/catch.hpp>

#include "runtime/backend/cpu/nufft_points.hpp"
#include "runtime/backend/nufft_order.hpp"
#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/parameters.hpp"
#include "tests/cuda/on_gpu.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

// A GPU sorts the points of a NUFFT as the host does, to the bit.

using namespace lunops;
using namespace lunops::testing;
using Method = NufftSpec::Forced::Method;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr cpu::TileCuts kCuts = {512, 0, 4096};  // those of the CUDA backend

NufftOrder order_on_gpu(const NufftSpec& spec) {
  Stream stream(on_gpu::kGpu, Backend::reference());
  const auto points = stream.backend().nufft(spec, stream);
  return dynamic_cast<const ShowsOrder&>(*points).order(stream);
}

template <class T>
NufftOrder order_on_host(const NufftSpec& spec, bool has_tiles) {
  const Stream stream = stream_of();
  const auto sorted = cpu::sort_points<T>(spec, nufft::choose(spec), stream, kCuts);
  const auto dims = static_cast<int64_t>(spec.image.size());
  NufftOrder made;
  made.has_tiles = has_tiles;
  made.z.assign(sorted.z.data(), sorted.z.data() + sorted.z.size());
  made.cell.assign(sorted.cell.data(), sorted.cell.data() + sorted.cell.size());
  made.index.assign(sorted.index.data(), sorted.index.data() + sorted.index.size());
  for (const cpu::Run& run : sorted.runs) {
    made.runs.push_back({run.frame, run.begin, run.end, run.slot});
    if (has_tiles) continue;
    for (int64_t i = run.begin * dims; i < run.end * dims; ++i) {
      const auto d = static_cast<size_t>(3 - dims + i % dims);
      made.cell[static_cast<size_t>(i)] +=
          static_cast<uint32_t>(sorted.tiles[d].start[static_cast<size_t>(run.tile[d])]);
    }
  }
  return made;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
  });
}

void check_order(const NufftSpec& spec) {
  const NufftOrder ours = order_on_gpu(spec);
  const NufftOrder theirs = spec.dtype == DType::c64 ? order_on_host<float>(spec, ours.has_tiles)
                                                     : order_on_host<double>(spec, ours.has_tiles);

  CHECK(ours.index == theirs.index);
  CHECK(ours.cell == theirs.cell);
  CHECK(same_bits(ours.z, theirs.z));
  if (!ours.has_tiles) return;
  auto a = ours.runs, b = theirs.runs;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  CHECK(a == b);
}

// For all dtypes, methods and orders of sums.
void check_orders(NufftSpec spec) {
  for (const DType dtype : {DType::c64, DType::c128}) {
    for (const Method method : {Method::tile, Method::direct}) {
      for (const bool deterministic : {false, true}) {
        spec.dtype = dtype;
        spec.forced.method = method;
        spec.deterministic = deterministic;
        CAPTURE(name_of(dtype), static_cast<int>(method), deterministic);
        check_order(spec);
      }
    }
  }
}

// Coordinates that begin a cell of their stencil, with neighbours on both sides; borders of the
// band and of the period, and what lies far away.
std::vector<double> borders(int64_t extent, int64_t grid, int width) {
  const auto n = static_cast<double>(extent);
  std::vector<double> k = {0.0,
                           -0.0,
                           n / 2,
                           -n / 2,
                           n,
                           -n,
                           1.5 * n,
                           -2.5 * n,
                           5e-324,
                           1e9,
                           -1e9,
                           1e12,
                           -1e13,
                           1e16,
                           -3.1e17,
                           1e20,
                           -1e300,
                           n * 3e9,
                           n * 2147483648.0,
                           n * 2147483648.5};
  for (int64_t cell = -grid; cell < grid; ++cell) {
    const double at = (static_cast<double>(cell) + 0.5 * width) * n / static_cast<double>(grid);
    k.push_back(at);
    k.push_back(std::nextafter(at, 1e9));
    k.push_back(std::nextafter(at, -1e9));
  }
  return k;
}

std::vector<double> border_points(NufftSpec spec, int64_t count, unsigned seed) {
  const NufftParameters p = nufft::choose(spec);
  std::mt19937_64 generator(seed);
  std::vector<std::vector<double>> by_dim;
  for (size_t d = 0; d < spec.image.size(); ++d) {
    by_dim.push_back(borders(spec.image[d], p.grid[d], p.width));
  }
  std::vector<double> k;
  for (int64_t j = 0; j < count; ++j) {
    for (const auto& all : by_dim) {
      // Of one dim each once.
      const auto at = by_dim.size() == 1 ? static_cast<size_t>(j) : generator();
      k.push_back(all[at % all.size()]);
    }
  }
  return k;
}

const std::vector<std::vector<int64_t>> kImages = {{1},  {40},     {3000},     {6, 70},
                                                   {45}, {90, 33}, {7, 1, 12}, {20, 34, 25}};

}  // namespace

TEST_CASE("cuda points: a tile's points follow each other, in their order", "[cuda]") {
  if (!on_gpu::is_here()) return;
  // A grid of 2048 cells is four tiles of 512; t = 2 k and the left cell is t - 1.
  const std::vector<double> k = {300, 1, 300.25, 1, -200, 600};
  NufftSpec spec = nufft_spec(DType::c128, {1024}, k, 0);
  spec.width = 2;
  spec.grid = {2048};
  spec.forced.method = Method::tile;

  const NufftOrder order = order_on_gpu(spec);

  CHECK(order.index == std::vector<uint32_t>{1, 3, 0, 2, 5, 4});
  CHECK(order.cell == std::vector<uint32_t>{1, 1, 599 - 512, 600 - 512, 1199 - 1024, 1647 - 1536});
  CHECK(order.z == std::vector<double>{-1, -1, -1, 0, -1, -1});
}

TEST_CASE("cuda points: random ones are sorted as on the host, to the bit", "[cuda]") {
  if (!on_gpu::is_here()) return;
  unsigned seed = 70;
  for (const auto& image : kImages) {
    for (const int64_t points : {1, 31, 1023, 20000}) {
      const auto k = random_points(image, points, ++seed);
      CAPTURE(image, points);
      check_orders(nufft_spec(DType::c64, image, k, 1e-4));
    }
  }
}

TEST_CASE("cuda points: those on cells, tiles, periods and far away are sorted as on the host",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  for (const auto& image : kImages) {
    for (const bool is_nearest : {false, true}) {
      NufftSpec spec = nufft_spec(DType::c64, image, {}, 1e-3);
      spec.is_nearest = is_nearest;
      spec.points = 5001;
      const auto k = border_points(spec, spec.points, 81);
      spec.coordinates = k.data();
      CAPTURE(image, is_nearest);
      check_orders(spec);
    }
  }
}

TEST_CASE("cuda points: a point does not depend on those that are far away", "[cuda]") {
  if (!on_gpu::is_here()) return;
  // Near odd multiples of half an extent, where a reduction may go to either side.
  auto k = random_points({49}, 400, 82);
  for (size_t i = 0; i < 200; ++i) k[i] = std::nextafter(49 * (static_cast<double>(i) - 99.5), 0);
  NufftSpec spec = nufft_spec(DType::c128, {49}, k, 1e-4);
  const NufftOrder alone = order_on_gpu(spec);
  for (size_t i = 210; i < 400; i += 10) k[i] = 1e15;

  check_order(spec);

  const NufftOrder beside = order_on_gpu(spec);
  const auto place = [](const NufftOrder& o, uint32_t point) {
    const auto at = std::find(o.index.begin(), o.index.end(), point) - o.index.begin();
    return std::pair(o.cell[static_cast<size_t>(at)], o.z[static_cast<size_t>(at)]);
  };
  for (uint32_t point = 0; point < 200; ++point) {
    CHECK(place(alone, point) == place(beside, point));
  }
}

TEST_CASE("cuda points: frames, ragged ones and none at all are sorted as on the host", "[cuda]") {
  if (!on_gpu::is_here()) return;
  for (const auto& image : {std::vector<int64_t>{50}, {30, 41}, {9, 20, 17}}) {
    for (const bool is_nearest : {false, true}) {
      auto k = random_points(image, 5 * 777, 83);
      NufftSpec spec = nufft_spec(DType::c64, image, k, 1e-4, 5);
      spec.is_nearest = is_nearest;
      CAPTURE(image, is_nearest);
      check_orders(spec);
      // What does not exist may hold anything.
      const std::vector<int64_t> counts = {777, 0, 500, 1, 776};
      const auto dims = static_cast<int64_t>(image.size());
      for (int64_t f = 0; f < 5; ++f) {
        std::fill(k.begin() + (f * 777 + counts[static_cast<size_t>(f)]) * dims,
                  k.begin() + (f + 1) * 777 * dims, kNaN);
      }
      spec.counts = counts.data();
      check_orders(spec);
      const std::vector<int64_t> none(5, 0);
      spec.counts = none.data();
      check_orders(spec);
      spec.counts = nullptr;
      spec.points = 0;
      check_orders(spec);
      spec.frames = 0;
      check_orders(spec);
    }
  }
}

TEST_CASE("cuda points: a tile with all points is cut as on the host", "[cuda]") {
  if (!on_gpu::is_here()) return;
  for (const auto& image : {std::vector<int64_t>{400}, {64, 80}, {20, 40, 40}}) {
    std::vector<double> k(static_cast<size_t>(3001) * image.size(), 0.25);
    std::iota(k.begin(), k.begin() + 50, -25.0);
    CAPTURE(image);
    check_orders(nufft_spec(DType::c64, image, k, 1e-4));
  }
}

TEST_CASE("cuda points: the first coordinate that is no number is named", "[cuda]") {
  if (!on_gpu::is_here()) return;
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  auto k = random_points({30, 20}, 3 * 500, 84);
  NufftSpec spec = nufft_spec(DType::c64, {30, 20}, k, 1e-3, 3);
  for (const size_t i : {2999, 2001, 1407}) k[i] = i % 2 == 0 ? kNaN : kInfinite;
  k[1406] = -kInfinite;
  const char* const expected = "NUFFT: coordinate at frame=1, point=203, d=0 is -inf";
  Stream stream(on_gpu::kGpu, Backend::reference()), host = stream_of(1);

  CHECK_THROWS_WITH(stream.backend().nufft(spec, stream), expected);
  CHECK_THROWS_WITH(cpu::make_nufft(spec, host), expected);
  spec.is_nearest = true;
  CHECK_THROWS_WITH(stream.backend().nufft(spec, stream), expected);
  // Points that do not exist are not looked at.
  const std::vector<int64_t> counts = {500, 203, 500};
  spec.counts = counts.data();
  CHECK_THROWS_WITH(stream.backend().nufft(spec, stream),
                    "NUFFT: coordinate at frame=2, point=0, d=1 is inf");
}

TEST_CASE("cuda points: more bins than keys are refused", "[cuda]") {
  if (!on_gpu::is_here()) return;
  // 64 x 32 x 32 tiles of 2 x 4 groups of rows each.
  const int64_t frames = (int64_t{1} << 13) + 1;
  const std::vector<double> k(static_cast<size_t>(3 * frames), 0.5);
  NufftSpec spec = nufft_spec(DType::c64, {256, 256, 256}, k, 0, frames);
  spec.width = 4;
  spec.grid = {512, 512, 512};
  Stream stream(on_gpu::kGpu, Backend::reference());

  CHECK_THROWS_WITH(stream.backend().nufft(spec, stream),
                    "NUFFT: 8193 frames of 524288 bins of points are more than the 4294967296 that "
                    "a GPU can sort by; split the frames");
}
