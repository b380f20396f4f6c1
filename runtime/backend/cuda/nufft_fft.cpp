// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft_fft.hpp"

#include <algorithm>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"

namespace lunops::cuda {

namespace {

// Cells of one transform that keep a GPU busy, and from which on slabs are left out: guesses, to be
// measured.
constexpr int64_t kBlockCells = int64_t{1} << 21;
constexpr int64_t kSlicedCells = int64_t{1} << 18;
constexpr int64_t kMostPlanes = 64;

int64_t planes_at_once(int64_t cells) noexcept {
  int64_t planes = 1;
  while (planes < kMostPlanes && 2 * planes * cells <= kBlockCells) planes *= 2;
  return planes;
}

}  // namespace

GridFft::GridFft(std::array<int64_t, 3> image,
                 std::array<int64_t, 3> grid,
                 int dims,
                 bool is_double,
                 bool deterministic,
                 const Stream& stream)
    : is_double_(is_double),
      cells_(grid[0] * grid[1] * grid[2]),
      slab_(grid[1] * grid[2]),
      low_(image[0] - image[0] / 2),
      high_(image[0] / 2),
      first_high_(grid[0] - image[0] / 2) {
  is_sliced_ = dims == 3 && cells_ >= kSlicedCells;
  if (is_sliced_) {
    is_even_ = high_ == low_;
    const std::vector<int64_t> slab(grid.begin() + 1, grid.end());
    low_slabs_ = LinePlan(slab, 1, slab_, low_, is_double, stream);
    if (high_ > 0 && !is_even_) high_slabs_ = LinePlan(slab, 1, slab_, high_, is_double, stream);
    across_ = LinePlan({grid[0]}, slab_, 1, slab_, is_double, stream);
    bytes_ = std::max({low_slabs_.work_bytes(), high_slabs_.work_bytes(), across_.work_bytes()});
    return;
  }
  const std::vector<int64_t> extents(grid.end() - dims, grid.end());
  for (int64_t planes = deterministic ? 1 : planes_at_once(cells_); planes > 0; planes /= 2) {
    blocks_.push_back({LinePlan(extents, 1, cells_, planes, is_double, stream), planes});
    bytes_ = std::max(bytes_, blocks_.back().transforms.work_bytes());
  }
}

size_t GridFft::expected_workspace(std::array<int64_t, 3> grid, bool is_double) noexcept {
  const int64_t cells = grid[0] * grid[1] * grid[2];
  return static_cast<size_t>(planes_at_once(cells) * cells) * (is_double ? 16 : 8);
}

void GridFft::execute(const LinePlan& plan, void* cells, int64_t first, int sign) const {
  plan.execute(static_cast<std::byte*>(cells) + first * (is_double_ ? 16 : 8), sign);
}

void GridFft::run(void* cells,
                  int64_t planes,
                  int sign,
                  bool to_grid,
                  std::byte* workspace,
                  const Stream& stream) const {
  const std::lock_guard lock(mutex_);
  const cudaStream_t native = enter(stream);
  for (const LinePlan* plan : {&low_slabs_, &high_slabs_, &across_}) {
    plan->prepare(workspace, native);
  }
  for (const Plan& block : blocks_) block.transforms.prepare(workspace, native);
  if (!is_sliced_) {
    int64_t plane = 0;
    for (const Plan& block : blocks_) {
      for (; plane + block.planes <= planes; plane += block.planes) {
        execute(block.transforms, cells, plane * cells_, sign);
      }
    }
    return;
  }
  for (int64_t first = 0; first < planes * cells_; first += cells_) {
    if (!to_grid) execute(across_, cells, first, sign);
    execute(low_slabs_, cells, first, sign);
    if (high_ > 0) {
      execute(is_even_ ? low_slabs_ : high_slabs_, cells, first + first_high_ * slab_, sign);
    }
    if (to_grid) execute(across_, cells, first, sign);
  }
}

}  // namespace lunops::cuda
