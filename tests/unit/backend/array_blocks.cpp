// SPDX-License-Identifier: MIT
// Blocks of arrays: by hand, then the CPU backend against the reference for one to four dims,
// overlaps, gaps, tails and masks, and the same bits for any number of threads.
#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/unit/backend/allocations.hpp"
#include "tests/unit/backend/draw.hpp"
#include "tests/unit/backend/kernel_runs.hpp"

using namespace lunops;
using draw::Array;
using draw::Strides;

namespace {

struct Grid {
  BlockGrid g;
  std::vector<BlockGrid::Run> runs;

  Grid(const std::vector<int64_t>& extent,
       const std::vector<int64_t>& block,
       const std::vector<int64_t>& stride,
       bool pads = false) {
    g.ndim = static_cast<int>(extent.size());
    g.entries = 1;
    for (size_t d = 0; d < extent.size(); ++d) {
      g.extent[d] = extent[d];
      g.block[d] = block[d];
      g.stride[d] = stride[d];
      const int64_t rest = extent[d] - block[d];
      g.count[d] = (pads ? (rest + stride[d] - 1) / stride[d] : rest / stride[d]) + 1;
      g.entries *= block[d];
    }
  }

  // Keeps the entries of a block, in row-major order, that are true.
  void mask(const std::vector<bool>& entries) {
    const int64_t row = g.block[static_cast<size_t>(g.ndim - 1)];
    g.entries = 0;
    for (int64_t i = 0; i < static_cast<int64_t>(entries.size()); ++i) {
      if (!entries[static_cast<size_t>(i)]) continue;
      const bool goes_on = i % row != 0 && entries[static_cast<size_t>(i - 1)];
      if (goes_on) {
        ++runs.back().length;
      } else {
        runs.push_back({i / row, i % row, 1, g.entries});
      }
      ++g.entries;
    }
    g.runs = runs.data();
    g.run_count = static_cast<int64_t>(runs.size());
  }

  std::vector<int64_t> array(std::vector<int64_t> batch) const {
    for (int d = 0; d < g.ndim; ++d) batch.push_back(g.extent[static_cast<size_t>(d)]);
    return batch;
  }
  std::vector<int64_t> blocks(std::vector<int64_t> batch) const {
    for (int d = 0; d < g.ndim; ++d) batch.push_back(g.count[static_cast<size_t>(d)]);
    if (g.runs != nullptr) {
      batch.push_back(g.entries);
    } else {
      for (int d = 0; d < g.ndim; ++d) batch.push_back(g.block[static_cast<size_t>(d)]);
    }
    return batch;
  }
};

std::vector<bool> some(int64_t n, std::mt19937_64& random) {
  std::vector<bool> entries(static_cast<size_t>(n));
  for (auto&& e : entries) e = random() % 3 != 0;
  entries[static_cast<size_t>(n / 2)] = true;
  return entries;
}

const Scale kScales[] = {
    {1.0, 0.0}, {1.0, 1.0}, {-0.5, 2.0}, {{0.5, -1.0}, {0.25, 0.5}}, {0.0, 1.0}};

// The largest difference between the backends, forward and back.
double compare(const Grid& grid,
               const std::vector<int64_t>& batch,
               DType dtype,
               Strides strides,
               const Scale& s,
               std::mt19937_64& random) {
  Context cpu, reference(Backend::reference());
  Array x = draw::array(grid.array(batch), dtype, strides, random), x2 = x;
  Array y = draw::array(grid.blocks(batch), dtype, strides, random), y2 = y;
  Array from_x = x, from_y = y;
  cpu.backend().array_to_blocks(grid.g, from_x.view(), s, y.view(), *cpu.stream);
  reference.backend().array_to_blocks(grid.g, from_x.view(), s, y2.view(), *reference.stream);
  cpu.backend().blocks_to_array(grid.g, from_y.view(), s, x.view(), *cpu.stream);
  reference.backend().blocks_to_array(grid.g, from_y.view(), s, x2.view(), *reference.stream);
  return std::max(draw::difference(y, y2), draw::difference(x, x2));
}

}  // namespace

TEST_CASE("array_blocks: overlapping blocks, and their sum", "[backend][kernels]") {
  Context context;
  const Grid grid({6}, {3}, {2});
  const std::vector<double> x{0, 1, 2, 3, 4, 5}, ones(6, 1.0);
  std::vector<double> y(6), back(6);

  context.backend().array_to_blocks(grid.g, testing::view_of(x, {6}), {},
                                    testing::view_of(y, {2, 3}), *context.stream);
  context.backend().blocks_to_array(grid.g, testing::view_of(ones, {2, 3}), {},
                                    testing::view_of(back, {6}), *context.stream);

  CHECK(y == std::vector<double>{0, 1, 2, 2, 3, 4});
  CHECK(back == std::vector<double>{1, 1, 2, 1, 1, 0});
}

TEST_CASE("array_blocks: a mask keeps its true entries", "[backend][kernels]") {
  Context context;
  Grid grid({6}, {3}, {1});
  grid.mask({true, false, true});
  const std::vector<double> x{0, 1, 2, 3, 4, 5}, v{1, 2, 3, 4, 5, 6, 7, 8};
  std::vector<double> y(8), back(6);

  context.backend().array_to_blocks(grid.g, testing::view_of(x, {6}), {},
                                    testing::view_of(y, {4, 2}), *context.stream);
  context.backend().blocks_to_array(grid.g, testing::view_of(v, {4, 2}), {},
                                    testing::view_of(back, {6}), *context.stream);

  CHECK(y == std::vector<double>{0, 2, 1, 3, 2, 4, 3, 5});
  CHECK(back == std::vector<double>{1, 3, 7, 11, 6, 8});
}

TEST_CASE("array_blocks: the CPU agrees with the reference in one to four dims",
          "[backend][kernels]") {
  std::mt19937_64 random(21);
  struct Case {
    std::vector<int64_t> extent, block, stride;
  };
  const Case cases[] = {{{11}, {3}, {2}},
                        {{11}, {2}, {4}},
                        {{10}, {10}, {1}},
                        {{1}, {1}, {1}},
                        {{40}, {7}, {1}},
                        {{11, 10}, {4, 3}, {3, 2}},
                        {{9, 23}, {2, 16}, {1, 3}},
                        {{4, 5, 6}, {2, 3, 2}, {1, 2, 3}},
                        {{9, 8, 12}, {4, 5, 8}, {2, 2, 3}},
                        {{3, 4, 5, 6}, {2, 2, 3, 4}, {1, 2, 1, 2}}};
  for (const Case& c : cases) {
    for (const bool pads : {false, true}) {
      for (const bool masks : {false, true}) {
        Grid grid(c.extent, c.block, c.stride, pads);
        if (masks) grid.mask(some(grid.g.entries, random));
        for (const DType dtype : {DType::f32, DType::f64, DType::c64, DType::c128}) {
          for (const Strides strides : draw::kStrides) {
            for (const Scale& given : kScales) {
              const Scale s =
                  is_complex(dtype) ? given : Scale{given.alpha.real(), given.beta.real()};
              const std::vector<int64_t> batch =
                  c.extent.size() > 2 ? std::vector<int64_t>{2} : std::vector<int64_t>{2, 3};
              INFO("dims " << c.extent.size() << ", block " << c.block[0] << ", pads " << pads
                           << ", mask " << masks << ", beta " << s.beta);
              // At most 64 terms of size 1, summed in the data's precision.
              REQUIRE(compare(grid, batch, dtype, strides, s, random) <=
                      (is_double(dtype) ? 1e-13 : 5e-5));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("array_blocks: results beyond the caches, cut into tiles, agree with the reference",
          "[backend][kernels]") {
  std::mt19937_64 random(22);
  // 4.4 MB of blocks in whole cache lines; planes larger than a tile; long lines.
  const Grid volume({20, 40, 40}, {4, 8, 8}, {2, 4, 4}), plane({300, 300}, {3, 3}, {3, 3}),
      line({200001}, {5}, {4}, true);
  CHECK(compare(volume, {4}, DType::c64, Strides::contiguous, {}, random) <= 5e-5);
  CHECK(compare(line, {1}, DType::c64, Strides::contiguous, {}, random) <= 5e-5);
  Context context;
  Array y = draw::array(plane.blocks({2}), DType::c64, Strides::contiguous, random);
  Array x = draw::array(plane.array({2}), DType::c64, Strides::contiguous, random), z = y;

  // Blocks that touch without overlapping are taken apart and put together.
  context.backend().blocks_to_array(plane.g, y.view(), {}, x.view(), *context.stream);
  context.backend().array_to_blocks(plane.g, x.view(), {}, z.view(), *context.stream);

  CHECK(draw::difference(y, z) == 0);
}

TEST_CASE("array_blocks: any number of threads gives the same bits, and nothing is allocated",
          "[backend][kernels]") {
  std::mt19937_64 random(23);
  const Grid grid({90, 121}, {6, 5}, {1, 2});
  Array y = draw::array(grid.blocks({3}), DType::c64, Strides::contiguous, random), z = y;
  Array x = draw::array(grid.array({3}), DType::c64, Strides::contiguous, random), one = x,
        four = x;
  Stream alone = testing::stream_of(1), together = testing::stream_of(4);
  Backend& b = Backend::cpu();
  b.blocks_to_array(grid.g, y.view(), {}, one.view(), alone);
  b.blocks_to_array(grid.g, y.view(), {}, four.view(), together);
  b.array_to_blocks(grid.g, x.view(), {}, z.view(), together);
  const int64_t before = testing::allocations();

  b.blocks_to_array(grid.g, y.view(), {}, four.view(), together);
  b.array_to_blocks(grid.g, x.view(), {}, z.view(), together);

  CHECK(testing::allocations() == before);
  CHECK(one.memory == four.memory);
}
