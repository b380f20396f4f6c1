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

int64_t product(const std::array<int64_t, 3>& n) noexcept { return n[0] * n[1] * n[2]; }

bool is_sliced(const std::array<int64_t, 3>& grid, int dims) noexcept {
  return dims == 3 && product(grid) >= kSlicedCells;
}

// The transforms of a sliced grid: within the first `count` slabs, and across all.
Lines within_slabs(const std::array<int64_t, 3>& grid, int64_t count, bool is_double) {
  return {{grid[1], grid[2]}, 1, grid[1] * grid[2], count, is_double};
}
Lines across_slabs(const std::array<int64_t, 3>& grid, bool is_double) {
  const int64_t slab = grid[1] * grid[2];
  return {{grid[0]}, slab, 1, slab, is_double};
}
// Those of grids that are not, by how many are transformed at once, most first.
std::vector<Lines> whole_grids(const std::array<int64_t, 3>& grid,
                               int dims,
                               bool is_double,
                               bool deterministic) {
  const std::vector<int64_t> extents(grid.end() - dims, grid.end());
  std::vector<Lines> made;
  for (int64_t planes = deterministic ? 1 : planes_at_once(product(grid)); planes > 0;
       planes /= 2) {
    made.push_back({extents, 1, product(grid), planes, is_double});
  }
  return made;
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
  is_sliced_ = is_sliced(grid, dims);
  if (is_sliced_) {
    is_even_ = high_ == low_;
    low_slabs_ = LinePlan(within_slabs(grid, low_, is_double), stream);
    if (high_ > 0 && !is_even_) {
      high_slabs_ = LinePlan(within_slabs(grid, high_, is_double), stream);
    }
    across_ = LinePlan(across_slabs(grid, is_double), stream);
    bytes_ = std::max({low_slabs_.work_bytes(), high_slabs_.work_bytes(), across_.work_bytes()});
    return;
  }
  for (const Lines& lines : whole_grids(grid, dims, is_double, deterministic)) {
    blocks_.push_back({LinePlan(lines, stream), lines.batch});
    bytes_ = std::max(bytes_, blocks_.back().transforms.work_bytes());
  }
}

size_t GridFft::expected_workspace(std::array<int64_t, 3> image,
                                   std::array<int64_t, 3> grid,
                                   int dims,
                                   bool is_double,
                                   bool deterministic,
                                   const Stream& stream) {
  std::vector<Lines> all;
  if (is_sliced(grid, dims)) {
    all = {within_slabs(grid, image[0] - image[0] / 2, is_double),
           within_slabs(grid, image[0] / 2, is_double), across_slabs(grid, is_double)};
  } else {
    all = whole_grids(grid, dims, is_double, deterministic);
  }
  size_t bytes = 0;
  for (const Lines& lines : all) bytes = std::max(bytes, work_bytes_of(lines, stream));
  return bytes;
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
