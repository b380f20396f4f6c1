// SPDX-License-Identifier: MIT
// Blocks of any number of dims, with and without masks: kernels that read tables on the GPU.
#include <catch2/catch.hpp>

#include "tests/cuda/on_gpu.hpp"

using namespace lunops;
using namespace lunops::compared;
using Views = std::vector<RawView>;

namespace {

double allowed(DType t) { return is_double(t) ? 1e-12 : 2e-5; }

struct Cut {
  std::vector<int64_t> extent, block, stride, count;
  std::vector<BlockGrid::Run> runs = {};  // none: no mask
};

BlockGrid grid_of(const Cut& cut) {
  BlockGrid grid;
  grid.ndim = static_cast<int>(cut.extent.size());
  std::copy(cut.extent.begin(), cut.extent.end(), grid.extent.begin());
  std::copy(cut.block.begin(), cut.block.end(), grid.block.begin());
  std::copy(cut.stride.begin(), cut.stride.end(), grid.stride.begin());
  std::copy(cut.count.begin(), cut.count.end(), grid.count.begin());
  grid.entries = 1;
  for (const int64_t n : cut.block) grid.entries *= n;
  if (cut.runs.empty()) return grid;
  grid.run_count = static_cast<int64_t>(cut.runs.size());
  grid.entries = cut.runs.back().number + cut.runs.back().length;
  return grid;
}

std::vector<int64_t> joined(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Both kernels of a cut, with a batch of 3, against the reference.
void compare_blocks(const Cut& cut, DType dtype, std::mt19937_64& random) {
  const BlockGrid grid = grid_of(cut);
  const std::vector<int64_t> inside =
      cut.runs.empty() ? cut.block : std::vector<int64_t>{grid.entries};
  const Array array = draw::array(joined({3}, cut.extent), dtype, draw::Strides::gaps, random);
  const Array blocks =
      draw::array(joined(joined({3}, cut.count), inside), dtype, draw::Strides::permuted, random);
  const Scale scale{2.0, 0.5};
  const auto* memory = reinterpret_cast<const std::byte*>(cut.runs.data());
  std::vector<std::byte> runs(memory, memory + cut.runs.size() * sizeof(BlockGrid::Run));
  const auto with_runs = [&](Stream& s, const auto& call) {
    BlockGrid g = grid;
    if (cut.runs.empty() || s.native() == nullptr) {
      g.runs = cut.runs.empty() ? nullptr : cut.runs.data();
      return call(g);
    }
    const on_gpu::Copied there(runs);
    g.runs = reinterpret_cast<const BlockGrid::Run*>(there.data());
    call(g);
    s.wait();
  };
  CHECK(on_gpu::compare({array, blocks}, 1, [&](Backend& b, const Views& v, Stream& s) {
          with_runs(s, [&](const BlockGrid& g) { b.array_to_blocks(g, v[0], scale, v[1], s); });
        }) <= allowed(dtype));
  CHECK(on_gpu::compare({blocks, array}, 1, [&](Backend& b, const Views& v, Stream& s) {
          with_runs(s, [&](const BlockGrid& g) { b.blocks_to_array(g, v[0], scale, v[1], s); });
        }) <= allowed(dtype));
}

}  // namespace

TEST_CASE("cuda: blocks agree with the reference, overlapping and beyond the end", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(10);
  for (const DType dtype : kFloating) {
    compare_blocks({{9}, {4}, {3}, {3}}, dtype, random);
    compare_blocks({{9, 11}, {4, 3}, {2, 3}, {4, 4}}, dtype, random);
    compare_blocks({{5, 6, 7}, {1, 6, 3}, {1, 1, 4}, {5, 1, 2}}, dtype, random);
  }
}

TEST_CASE("cuda: blocks of four and five dims agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(11);
  for (const DType dtype : kFloating) {
    compare_blocks({{3, 4, 2, 5}, {2, 2, 1, 3}, {1, 2, 1, 2}, {2, 2, 2, 2}}, dtype, random);
    compare_blocks({{2, 3, 4, 2, 3}, {1, 2, 3, 2, 2}, {1, 1, 1, 1, 1}, {2, 2, 2, 1, 2}}, dtype,
                   random);
  }
}

TEST_CASE("cuda: blocks with masks agree with the reference", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(12);
  for (const DType dtype : kFloating) {
    // [1 0 1]
    compare_blocks({{6}, {3}, {1}, {4}, {{0, 0, 1, 0}, {0, 2, 1, 1}}}, dtype, random);
    // [[0 1 1 0] [0 0 0 0] [1 0 1 1]], blocks that overlap and end beyond the array
    compare_blocks({{7, 9}, {3, 4}, {2, 3}, {3, 3}, {{0, 1, 2, 0}, {2, 0, 1, 2}, {2, 2, 2, 3}}},
                   dtype, random);
    // One entry.
    compare_blocks(
        {{3, 2, 4, 2, 3}, {2, 1, 2, 2, 2}, {1, 1, 2, 1, 1}, {2, 2, 2, 1, 2}, {{5, 1, 1, 0}}}, dtype,
        random);
  }
}

TEST_CASE("cuda: blocks without elements leave what beta leaves", "[cuda]") {
  if (!on_gpu::is_here()) return;
  std::mt19937_64 random(13);
  compare_blocks({{4}, {2}, {1}, {0}}, DType::c64, random);
  compare_blocks({{0, 3}, {1, 2}, {1, 1}, {0, 2}}, DType::f32, random);
}
