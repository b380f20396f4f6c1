// SPDX-License-Identifier: MIT
// Device-only.
#pragma once

#include <type_traits>

#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/nufft.hpp"

namespace lunops::cuda {

// A complex number that is moved as a whole.
template <class T>
struct alignas(2 * sizeof(T)) Pair {
  T re, im;
};

template <class T>
__device__ inline void add_scaled(Pair<T>& sum, T factor, const Pair<T>& x) {
  sum.re += factor * x.re;
  sum.im += factor * x.im;
}

// Where the parts of a block's shared memory begin (NufftJob).
template <class T>
struct TileMemory {
  Pair<T>* tile;
  Pair<T>* strength;
  T* value;
  int* corner;

  __device__ TileMemory(const NufftJob<T>& job, int values_per_point, bool has_strengths) {
    tile = shared_memory<Pair<T>>();
    strength = tile + job.elements * job.pitch;
    value = reinterpret_cast<T*>(strength + (has_strengths ? job.elements * job.chunk : 0));
    corner = reinterpret_cast<int*>(value + values_per_point * job.chunk);
  }
};

// What a block works on.
struct TileShare {
  TileRun run;
  int block;  // of elements

  template <class T>
  __device__ explicit TileShare(const NufftJob<T>& job) {
    const int part = static_cast<int>(blockIdx.x % job.parts);
    const auto item = static_cast<int>(blockIdx.x / job.parts);
    block = item % job.blocks;
    run = job.runs[item / job.blocks];
    const int64_t begin = int64_t{run.count} * part / job.parts;
    const int64_t end = int64_t{run.count} * (part + 1) / job.parts;
    run.begin += begin;
    run.count = static_cast<int32_t>(end - begin);
  }
};

// The width where it is known to the compiler.
template <class T, int W>
__device__ inline int width_of(const NufftJob<T>& job) {
  return W > 0 ? W : job.width;
}

// Kernel values of the points first … first + count - 1: value[(d w + p) chunk + i].  Each thread
// has one point and dim, and evaluates the w polynomials together where w is known.
template <class T, int D, int W>
__device__ inline void stage_values(const NufftJob<T>& job, int64_t first, int count, T* value) {
  const int w = width_of<T, W>(job);
  for (int i = threadIdx.x; i < count * D; i += blockDim.x) {
    const int d = i / count;
    const int point = i - d * count;
    const T z = job.z[(first + point) * D + d];
    const T* row = job.polynomial + (d * kPowers + job.degree[d]) * kMostWidth;
    T* to = value + d * w * job.chunk + point;
    if constexpr (W > 0) {
      T v[W];
      for (int p = 0; p < W; ++p) v[p] = row[p];
      for (int k = job.degree[d]; k > 0; --k) {
        row -= kMostWidth;
        for (int p = 0; p < W; ++p) v[p] = v[p] * z + row[p];
      }
      for (int p = 0; p < W; ++p) to[p * job.chunk] = v[p];
    } else {
      for (int p = 0; p < w; ++p) {
        T v = row[p];
        for (int k = 1; k <= job.degree[d]; ++k) v = v * z + row[p - k * kMostWidth];
        to[p * job.chunk] = v;
      }
    }
  }
}

// Offsets of the left cells of these points in their tile.
template <class T, int D>
__device__ inline void stage_corners(
    const NufftJob<T>& job, const TileRun& run, int64_t first, int count, int* corner) {
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    const uint16_t* cell = job.cell + (first + i) * D;
    int at = cell[0];
    for (int d = 1; d < D; ++d) at = at * run.side[3 - D + d] + cell[d];
    corner[i] = at;
  }
}

// The cell of a grid that a tile's cell lies on; a stencil reaches over the end once at most.
__device__ inline int64_t wrapped(int64_t cell, int64_t extent) {
  return cell < extent ? cell : cell - extent;
}

// Calls f(offset in the element's grid, element, cell of its tile) for the cells of `elements`
// tiles, a warp along a row.
template <class T, class F>
__device__ inline void each_cell(const NufftJob<T>& job,
                                 const TileRun& run,
                                 int elements,
                                 const F& f) {
  const int warps = static_cast<int>(blockDim.x) / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int rows = run.side[0] * run.side[1];
  for (int r = static_cast<int>(threadIdx.x) / 32; r < rows * elements; r += warps) {
    const int element = r / rows;
    const int row = r - element * rows;
    const int z = row / run.side[1];
    const int y = row - z * run.side[1];
    const int64_t line = (wrapped(run.start[0] + z, job.grid[0]) * job.grid[1] +
                          wrapped(run.start[1] + y, job.grid[1])) *
                         job.grid[2];
    for (int x = lane; x < run.side[2]; x += 32) {
      f(line + wrapped(run.start[2] + x, job.grid[2]), element, row * run.side[2] + x);
    }
  }
}

template <class T>
__device__ inline Pair<T>* grid_of(const NufftJob<T>& job, const TileRun& run, int64_t element) {
  return reinterpret_cast<Pair<T>*>(job.cells) +
         (int64_t{run.frame - job.frame} * job.batches + element) * job.plane;
}

template <class T>
__device__ inline Pair<T>* samples_of(const NufftJob<T>& job, const TileRun& run, int64_t element) {
  return reinterpret_cast<Pair<T>*>(job.samples) + run.frame * job.frame_stride +
         element * job.batch_stride;
}

template <class T>
__device__ inline void write_sample(const NufftJob<T>& job, Pair<T> value, Pair<T>& sample) {
  if (job.has_beta) {
    const Pair<T> old = sample;
    value.re += job.beta_re * old.re - job.beta_im * old.im;
    value.im += job.beta_re * old.im + job.beta_im * old.re;
  }
  sample = value;
}

template <class T>
__device__ inline void add_atomically(Pair<T>& cell, const Pair<T>& value) {
  atomicAdd(&cell.re, value.re);
  atomicAdd(&cell.im, value.im);
}

// Values of one point in registers or local memory, for kernels without tiles.
template <class T, int D>
struct PointValues {
  T value[D][kMostWidth];
  uint32_t left[D];

  __device__ PointValues(const NufftJob<T>& job, int64_t point) {
    for (int d = 0; d < D; ++d) {
      left[d] = job.left[point * D + d];
      const T z = job.z[point * D + d];
      const T* table = job.polynomial + d * kPowers * kMostWidth;
      for (int p = 0; p < job.width; ++p) {
        T v = table[job.degree[d] * kMostWidth + p];
        for (int k = job.degree[d] - 1; k >= 0; --k) v = v * z + table[k * kMostWidth + p];
        value[d][p] = v;
      }
    }
  }
  // Of dim 3 - D + d of the grid.
  __device__ int64_t cell(const NufftJob<T>& job, int d, int p) const {
    return wrapped(int64_t{left[d]} + p, job.grid[3 - D + d]);
  }
};

template <int N>
using Number = std::integral_constant<int, N>;

// choose(D, W) for dims and width: widths that tol = 1e-2 … 1e-6 ask for in c64 have a kernel of
// their own, the others share one, W = 0.
template <class T, class Choose>
auto kernel_for(int dims, int width, const Choose& choose) {
  if constexpr (sizeof(T) == 4) {
    switch (dims * 100 + width) {
      case 204:
        return choose(Number<2>{}, Number<4>{});
      case 205:
        return choose(Number<2>{}, Number<5>{});
      case 206:
        return choose(Number<2>{}, Number<6>{});
      case 207:
        return choose(Number<2>{}, Number<7>{});
      case 208:
        return choose(Number<2>{}, Number<8>{});
      case 304:
        return choose(Number<3>{}, Number<4>{});
      case 305:
        return choose(Number<3>{}, Number<5>{});
      case 306:
        return choose(Number<3>{}, Number<6>{});
      case 307:
        return choose(Number<3>{}, Number<7>{});
      case 308:
        return choose(Number<3>{}, Number<8>{});
      default:
        break;
    }
  }
  return dims == 1   ? choose(Number<1>{}, Number<0>{})
         : dims == 2 ? choose(Number<2>{}, Number<0>{})
                     : choose(Number<3>{}, Number<0>{});
}

}  // namespace lunops::cuda
