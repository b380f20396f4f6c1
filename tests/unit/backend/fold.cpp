// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/fold.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/backend/cpu/isa.hpp"
#include "tests/unit/backend/nufft_runs.hpp"

using namespace lunops;
using namespace lunops::testing;

namespace {

const cpu::FoldTable& table_of(cpu::Isa isa) { return LUNOPS_SELECT_ISA(isa, fold_table); }

struct Place {
  int64_t cell;
  double z;
};

// nufft.md §3 with the standard library, which the instruction sets must agree with to the bit.
Place place_of(double k, const cpu::FoldDim& dim) {
  const double near = k - dim.extent * std::nearbyint(k / dim.extent);
  const double product = near * dim.grid;
  const double product_rest = std::fma(near, dim.grid, -product);
  const double t = product / dim.extent;
  const double t_rest = (std::fma(-t, dim.extent, product) + product_rest) / dim.extent;
  const double left = std::ceil(t - 0.5 * dim.width);
  const auto grid = static_cast<int64_t>(dim.grid);
  auto cell = static_cast<int64_t>(left);
  if (cell < 0) cell += grid;
  if (cell >= grid) cell -= grid;
  return {cell, 2.0 * ((left - t) - t_rest) + (dim.width - 1)};
}

}  // namespace

TEST_CASE("fold: one point by hand", "[backend]") {
  // t = 3 * 20 / 10 = 6, a stencil of 4 begins at ceil(6 - 2) = 4, and z = 2 (4 - 6) + 3.
  const double k[] = {3, -7, 13};
  const cpu::FoldDim dim[] = {{10, 20, 4}};
  for (const cpu::Isa isa : cpu::available_isas()) {
    cpu::Folded at{};

    CHECK(table_of(isa).fold(k, 3, 1, dim, &at));

    for (int i = 0; i < 3; ++i) {
      CHECK(at.cell[0][i] == 4);
      CHECK(at.z[0][i] == -1);
    }
  }
}

TEST_CASE("fold: every instruction set gives the bits of the plain formula", "[backend]") {
  const std::vector<int64_t> image = {45, 256, 33};
  for (const double scale : {1.0, 1e-3, 1e6}) {
    std::vector<double> k = random_points(image, cpu::kFoldedPoints, 7);
    for (double& value : k) value *= scale;
    for (const int64_t dims : {1, 2, 3}) {
      const cpu::FoldDim dim[] = {{45, 60, 5}, {256, 320, 6}, {33, 80, 13}};
      for (const int64_t count : {int64_t{1}, int64_t{13}, cpu::kFoldedPoints}) {
        for (const cpu::Isa isa : cpu::available_isas()) {
          cpu::Folded at{};

          CHECK(table_of(isa).fold(k.data(), count, dims, dim, &at));

          bool same = true;
          for (int64_t i = 0; i < count * dims; ++i) {
            const Place place = place_of(k[static_cast<size_t>(i)], dim[i % dims]);
            same = same && at.cell[i % dims][i / dims] == place.cell &&
                   at.z[i % dims][i / dims] == place.z;
          }
          INFO("isa " << cpu::name_of(isa) << ", scale " << scale << ", dims " << dims);
          CHECK(same);
        }
      }
    }
  }
}

TEST_CASE("fold: what cannot be reduced exactly is refused", "[backend]") {
  const cpu::FoldDim dim[] = {{10, 20, 4}};
  for (const double value : {1e300, -1e12, std::numeric_limits<double>::infinity(), std::nan("")}) {
    for (const int place : {0, 12}) {
      std::vector<double> k(13, 1.0);
      k[static_cast<size_t>(place)] = value;
      for (const cpu::Isa isa : cpu::available_isas()) {
        cpu::Folded at{};
        CHECK_FALSE(table_of(isa).fold(k.data(), 13, 1, dim, &at));
      }
    }
  }
}

TEST_CASE("NUFFT: points far away are those that they are a period of the image away from",
          "[backend]") {
  // 2^60 = 1 modulo 5: by whole extents in double it would be some other point, or none.
  const std::vector<double> far = {0x1p60, -0x1p60, 0x1p1000}, near = {1, -1, 1};
  Stream stream = stream_of();
  const NufftSpec at_far = nufft_spec(DType::c128, {5}, far, 1e-9);
  const NufftSpec at_near = nufft_spec(DType::c128, {5}, near, 1e-9);
  const std::vector<c128> x = {1, {2, 1}, 3, 4, {0, 5}};

  const auto y =
      NufftCase{*cpu::make_nufft(at_far, stream), at_far, 1, {}, false, {}, 2}.forward(x);
  const auto expected =
      NufftCase{*cpu::make_nufft(at_near, stream), at_near, 1, {}, false, {}, 2}.forward(x);

  CHECK(y == expected);
}
