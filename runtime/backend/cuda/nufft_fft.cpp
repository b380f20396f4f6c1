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
    : device_(stream.device().index),
      is_double_(is_double),
      cells_(grid[0] * grid[1] * grid[2]),
      slab_(grid[1] * grid[2]),
      low_(image[0] - image[0] / 2),
      high_(image[0] / 2),
      first_high_(grid[0] - image[0] / 2) {
  is_sliced_ = dims == 3 && cells_ >= kSlicedCells;
  enter(stream);
  try {
    if (is_sliced_) {
      low_slabs_ = make({grid[1], grid[2]}, 1, slab_, low_);
      if (high_ > 0) {
        high_slabs_ = high_ == low_ ? low_slabs_ : make({grid[1], grid[2]}, 1, slab_, high_);
      }
      across_ = make({grid[0]}, slab_, 1, slab_);
      return;
    }
    const std::vector<long long> extents(grid.end() - dims, grid.end());
    for (int64_t planes = deterministic ? 1 : planes_at_once(cells_); planes > 0; planes /= 2) {
      blocks_.push_back({make(extents, 1, cells_, planes), planes});
    }
  } catch (...) {
    destroy();
    throw;
  }
}

GridFft::~GridFft() { destroy(); }

// Nothing can be done about an error here.
void GridFft::destroy() noexcept {
  if (cudaSetDevice(physical(device_)) != cudaSuccess) cudaGetLastError();
  for (const cufftHandle handle : handles_) cufftDestroy(handle);
}

size_t GridFft::expected_workspace(std::array<int64_t, 3> grid, bool is_double) noexcept {
  const int64_t cells = grid[0] * grid[1] * grid[2];
  return static_cast<size_t>(planes_at_once(cells) * cells) * (is_double ? 16 : 8);
}

cufftHandle GridFft::make(std::vector<long long> extents,
                          long long stride,
                          long long distance,
                          long long batch) {
  cufftHandle handle = 0;
  check(cufftCreate(&handle), "cufftCreate");
  handles_.push_back(handle);
  check(cufftSetAutoAllocation(handle, 0), "cufftSetAutoAllocation");
  size_t bytes = 0;
  std::vector<long long> embedded = extents;
  check(cufftMakePlanMany64(handle, static_cast<int>(extents.size()), extents.data(),
                            embedded.data(), stride, distance, embedded.data(), stride, distance,
                            is_double_ ? CUFFT_Z2Z : CUFFT_C2C, batch, &bytes),
        "cufftMakePlanMany64");
  bytes_ = std::max(bytes_, bytes);
  return handle;
}

void GridFft::execute(cufftHandle handle, void* cells, int64_t first, int sign) const {
  const int direction = sign < 0 ? CUFFT_FORWARD : CUFFT_INVERSE;
  if (is_double_) {
    auto* data = static_cast<cufftDoubleComplex*>(cells) + first;
    check(cufftExecZ2Z(handle, data, data, direction), "cufftExecZ2Z");
  } else {
    auto* data = static_cast<cufftComplex*>(cells) + first;
    check(cufftExecC2C(handle, data, data, direction), "cufftExecC2C");
  }
}

void GridFft::run(void* cells,
                  int64_t planes,
                  int sign,
                  bool to_grid,
                  std::byte* workspace,
                  const Stream& stream) const {
  const std::lock_guard lock(mutex_);
  const cudaStream_t native = enter(stream);
  for (const cufftHandle handle : handles_) {
    check(cufftSetStream(handle, native), "cufftSetStream");
    check(cufftSetWorkArea(handle, workspace), "cufftSetWorkArea");
  }
  if (!is_sliced_) {
    int64_t plane = 0;
    for (const Plan& block : blocks_) {
      for (; plane + block.planes <= planes; plane += block.planes) {
        execute(block.handle, cells, plane * cells_, sign);
      }
    }
    return;
  }
  for (int64_t first = 0; first < planes * cells_; first += cells_) {
    if (!to_grid) execute(across_, cells, first, sign);
    execute(low_slabs_, cells, first, sign);
    if (high_ > 0) execute(high_slabs_, cells, first + first_high_ * slab_, sign);
    if (to_grid) execute(across_, cells, first, sign);
  }
}

}  // namespace lunops::cuda
