// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft_points.hpp"

#include <cfloat>
#include <cmath>

#include "runtime/backend/cpu/fold.hpp"
#include "runtime/backend/cuda/launch.cuh"

namespace lunops::cuda {

namespace {

// The operations of the host (cpu/fold_isa.cpp) one by one: each rounds by itself, since nvcc would
// fuse a product and a sum into one.

// Where a coordinate falls along one dim: the left cell of its stencil and the position from there.
struct Place {
  int64_t cell;
  double z;
};

__device__ Place fold(double k, double extent, double grid, int width) {
  double whole = rint(k / extent);
  if (fabs(whole) > cpu::kMostExtents) {
    k = remainder(k, extent);
    whole = rint(k / extent);
  }
  const double near = __dsub_rn(k, __dmul_rn(extent, whole));
  const double product = __dmul_rn(near, grid);
  const double product_rest = fma(near, grid, -product);
  const double t = product / extent;
  const double t_rest = __dadd_rn(fma(-t, extent, product), product_rest) / extent;
  const double left = ceil(__dsub_rn(t, 0.5 * width));
  const double from_left = __dsub_rn(__dsub_rn(left, t), t_rest);
  double wrapped = left < 0 ? left + grid : left;
  wrapped = wrapped >= grid ? wrapped - grid : wrapped;
  return {static_cast<int64_t>(wrapped), __dadd_rn(2.0 * from_left, width - 1)};
}

// plan/nufft/nearest.cpp; products by 2 are exact.
__device__ int64_t nearest_cell(double k, double extent, double grid) {
  const double near = fabs(k) <= extent ? k : remainder(k, 2 * extent);
  const double product = __dmul_rn(near, grid), rest = fma(near, grid, -product);
  double cell = rint(product / extent);
  const double from_cell = 2 * fma(-cell, extent, product);
  const double above = __dadd_rn(__dsub_rn(from_cell, extent), 2 * rest);
  const double below = __dadd_rn(__dadd_rn(from_cell, extent), 2 * rest);
  const bool is_odd = fmod(cell, 2.0) != 0;
  if (above > 0 || (above == 0 && is_odd)) cell += 1;
  if (below < 0 || (below == 0 && is_odd)) cell -= 1;
  const auto whole = static_cast<int64_t>(grid), at = static_cast<int64_t>(cell) % whole;
  return at < 0 ? at + whole : at;
}

struct Binned {
  int64_t cell[3], start[3];  // of the grid: of the point, and the first of its tile
  double z[3];
  int64_t bin;  // within the frame
  int refused;  // the first dim whose coordinate is not finite; -1: none
};

// Point `number` of all frames.
__device__ Binned bin_point(const PointFold& f, int64_t number) {
  Binned made = {};
  made.refused = -1;
  int64_t tile = 0, group = 0;
#pragma unroll
  for (int d = 0; d < 3; ++d) {
    if (d >= f.dims) break;
    const double k = f.coordinates[number * f.dims + d];
    if (!(fabs(k) <= DBL_MAX)) {
      if (made.refused < 0) made.refused = d;
      continue;
    }
    const auto extent = static_cast<double>(f.image[d]), grid = static_cast<double>(f.grid[d]);
    Place at = {0, 0};
    if (f.is_nearest) {
      at.cell = nearest_cell(k, extent, grid);
    } else {
      at = fold(k, extent, grid, f.width);
    }
    // Tile t begins with cell t grid / tiles, rounded down (cpu/tile_order.cpp).
    const auto cells = static_cast<uint64_t>(f.grid[d]), tiles = static_cast<uint64_t>(f.tiles[d]);
    const uint64_t t = ((static_cast<uint64_t>(at.cell) + 1) * tiles - 1) / cells;
    made.cell[d] = at.cell;
    made.start[d] = static_cast<int64_t>(t * cells / tiles);
    made.z[d] = at.z;
    tile = tile * f.tiles[d] + static_cast<int64_t>(t);
    // Rows: of two dims all but the last, of three likewise.
    if (d + 1 < f.dims) {
      const int64_t row = (at.cell - made.start[d]) / cpu::kRowGroup;
      group = group * (d + 2 == f.dims ? f.middle_groups : 1) + row;
    }
  }
  made.bin = tile * f.groups + group;
  return made;
}

__global__ void __launch_bounds__(kBlock)
    key_kernel(PointFold f, uint32_t* keys, uint32_t* numbers, long long* refused) {
  const int64_t total = f.frames * f.points;
  const int64_t step = static_cast<int64_t>(gridDim.x) * kBlock;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kBlock + threadIdx.x; i < total; i += step) {
    const int64_t frame = i / f.points, number = i - frame * f.points;
    int64_t to = i;
    if (f.first != nullptr) {
      if (number >= f.first[frame + 1] - f.first[frame]) continue;
      to = f.first[frame] + number;
    }
    const Binned at = bin_point(f, i);
    if (at.refused >= 0) atomicMin(refused, static_cast<long long>(i * f.dims + at.refused));
    // Of a point that is refused the bin is one of the frame's all the same.
    keys[to] = static_cast<uint32_t>(frame * f.tile_count * f.groups + at.bin);
    numbers[to] = static_cast<uint32_t>(number);
  }
}

__global__ void __launch_bounds__(kBlock) tile_kernel(
    const uint32_t* keys, int64_t points, int64_t groups, int64_t tiles, long long* start) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kBlock;
  for (int64_t t = static_cast<int64_t>(blockIdx.x) * kBlock + threadIdx.x; t <= tiles; t += step) {
    int64_t low = 0, high = points;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (static_cast<int64_t>(keys[middle]) < t * groups) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    start[t] = low;
  }
}

template <class T>
__global__ void __launch_bounds__(kBlock) place_kernel(PointFold f,
                                                       const uint32_t* keys,
                                                       const uint32_t* index,
                                                       int64_t points,
                                                       T* z,
                                                       uint16_t* cell,
                                                       uint32_t* left) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kBlock;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kBlock + threadIdx.x; i < points; i += step) {
    const int64_t frame = keys[i] / (f.tile_count * f.groups);
    const Binned at = bin_point(f, frame * f.points + index[i]);
#pragma unroll
    for (int d = 0; d < 3; ++d) {
      if (d >= f.dims) break;
      const int64_t to = i * f.dims + d;
      z[to] = static_cast<T>(at.z[d]);
      if (left != nullptr) {
        left[to] = static_cast<uint32_t>(at.cell[d]);
      } else {
        cell[to] = static_cast<uint16_t>(at.cell[d] - at.start[d]);
      }
    }
  }
}

int64_t blocks_for(int64_t threads) noexcept { return (threads + kBlock - 1) / kBlock; }

}  // namespace

void key_points(const PointFold& fold,
                uint32_t* keys,
                uint32_t* numbers,
                long long* refused,
                const Stream& stream) {
  launch(key_kernel, blocks_for(fold.frames * fold.points), stream, fold, keys, numbers, refused);
}

void find_tiles(const uint32_t* keys,
                int64_t points,
                int64_t groups,
                int64_t tiles,
                long long* start,
                const Stream& stream) {
  launch(tile_kernel, blocks_for(tiles + 1), stream, keys, points, groups, tiles, start);
}

template <class T>
void place_points(const PointFold& fold,
                  const uint32_t* keys,
                  int64_t points,
                  const SortedPoints<T>& to,
                  const Stream& stream) {
  launch(place_kernel<T>, blocks_for(points), stream, fold, keys,
         static_cast<const uint32_t*>(to.index.data()), points, to.z.data(), to.cell.data(),
         to.left.data());
}

template void place_points(
    const PointFold&, const uint32_t*, int64_t, const SortedPoints<float>&, const Stream&);
template void place_points(
    const PointFold&, const uint32_t*, int64_t, const SortedPoints<double>&, const Stream&);

}  // namespace lunops::cuda
