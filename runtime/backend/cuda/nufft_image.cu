// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft_tiles.cuh"

namespace lunops::cuda {

namespace {

template <class T>
__device__ inline Pair<T> product(const Pair<T>& a, const Pair<T>& b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// The pixel that lies on a cell, the centre on cell 0; -1: none.
__device__ inline int64_t pixel_of(int64_t cell, int64_t image, int64_t grid) {
  if (cell < image - image / 2) return cell + image / 2;
  return cell >= grid - image / 2 ? cell - (grid - image / 2) : -1;
}
__device__ inline int64_t cell_of(int64_t pixel, int64_t image, int64_t grid) {
  return pixel >= image / 2 ? pixel - image / 2 : pixel + grid - image / 2;
}

// alpha times the correction of a row, without that of x.
template <class T>
__device__ inline Pair<T> row_factor(const GridImages<T>& g, int64_t z, int64_t y) {
  const double weight =
      (g.weight_z != nullptr ? g.weight_z[z] : 1.0) * (g.weight_y != nullptr ? g.weight_y[y] : 1.0);
  return {static_cast<T>(weight * g.alpha_re), static_cast<T>(weight * g.alpha_im)};
}

// A row by its number, with extents {planes, slow, middle}.
struct Row {
  int64_t plane, z, y;
  __device__ Row(int64_t number, int64_t slow, int64_t middle) {
    const int64_t rest = number / middle;
    y = number - rest * middle;
    plane = rest / slow;
    z = rest - plane * slow;
  }
};

// A warp per row: a division per pixel would take longer than memory does.
constexpr int kRowsOfBlock = kBlock / 32;

template <class T>
__global__ void __launch_bounds__(kBlock) to_grids_kernel(GridImages<T> g) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t rows = g.frames * g.batches * g.grid[0] * g.grid[1];
  const int64_t step = int64_t{gridDim.x} * kRowsOfBlock;
  for (int64_t r = int64_t{blockIdx.x} * kRowsOfBlock + threadIdx.x / 32; r < rows; r += step) {
    const Row row(r, g.grid[0], g.grid[1]);
    const int64_t z = pixel_of(row.z, g.image[0], g.grid[0]);
    const int64_t y = pixel_of(row.y, g.image[1], g.grid[1]);
    Pair<T>* to = reinterpret_cast<Pair<T>*>(g.cells) + r * g.grid[2];
    if (z < 0 || y < 0) {
      for (int64_t x = lane; x < g.grid[2]; x += 32) to[x] = {0, 0};
      continue;
    }
    const int64_t frame = row.plane / g.batches;
    const int64_t element = row.plane - frame * g.batches;
    const Pair<T>* image = reinterpret_cast<const Pair<T>*>(g.x) + frame * g.frame_stride +
                           (g.sum_batch ? 0 : element * g.batch_stride) + z * g.stride[0] +
                           y * g.stride[1];
    const Pair<T>* map = nullptr;
    if (g.map != nullptr) {
      map = reinterpret_cast<const Pair<T>*>(g.map) + element * g.map_batch + z * g.map_stride[0] +
            y * g.map_stride[1];
    }
    const Pair<T> factor = row_factor(g, z, y);
    for (int64_t x = lane; x < g.grid[2]; x += 32) {
      const int64_t n = pixel_of(x, g.image[2], g.grid[2]);
      Pair<T> value{0, 0};
      if (n >= 0) {
        value = image[n * g.stride[2]];
        if (map != nullptr) value = product(value, map[n * g.map_stride[2]]);
        const T weight = g.weight_x[n];
        value = product(value, Pair<T>{factor.re * weight, factor.im * weight});
      }
      to[x] = value;
    }
  }
}

// Elements are summed in order and in T, so that it does not matter into how many groups they fall.
template <class T>
__global__ void __launch_bounds__(kBlock) to_images_kernel(GridImages<T> g) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t images = g.sum_batch ? 1 : g.batches;
  const int64_t summed = g.sum_batch ? g.batches : 1;
  const int64_t rows = g.frames * images * g.image[0] * g.image[1];
  const int64_t step = int64_t{gridDim.x} * kRowsOfBlock;
  const int64_t plane = g.grid[0] * g.grid[1] * g.grid[2];
  for (int64_t r = int64_t{blockIdx.x} * kRowsOfBlock + threadIdx.x / 32; r < rows; r += step) {
    const Row row(r, g.image[0], g.image[1]);
    const int64_t frame = row.plane / images;
    const int64_t element = row.plane - frame * images;
    Pair<T>* image = reinterpret_cast<Pair<T>*>(g.x) + frame * g.frame_stride +
                     element * g.batch_stride + row.z * g.stride[0] + row.y * g.stride[1];
    const Pair<T>* grid = reinterpret_cast<const Pair<T>*>(g.cells) +
                          (frame * g.batches + element) * plane +
                          (cell_of(row.z, g.image[0], g.grid[0]) * g.grid[1] +
                           cell_of(row.y, g.image[1], g.grid[1])) *
                              g.grid[2];
    const Pair<T>* map = nullptr;
    if (g.map != nullptr) {
      map = reinterpret_cast<const Pair<T>*>(g.map) + element * g.map_batch +
            row.z * g.map_stride[0] + row.y * g.map_stride[1];
    }
    const Pair<T> factor = row_factor(g, row.z, row.y);
    for (int64_t x = lane; x < g.image[2]; x += 32) {
      const int64_t cell = cell_of(x, g.image[2], g.grid[2]);
      const T weight = g.weight_x[x];
      const Pair<T> scale{factor.re * weight, factor.im * weight};
      Pair<T> sum{0, 0};
      if (g.has_beta) sum = product({g.beta_re, g.beta_im}, image[x * g.stride[2]]);
      for (int64_t e = 0; e < summed; ++e) {
        Pair<T> value = product(scale, grid[e * plane + cell]);
        if (map != nullptr) {
          const Pair<T> s = map[e * g.map_batch + x * g.map_stride[2]];
          value = product(Pair<T>{s.re, -s.im}, value);
        }
        sum.re += value.re;
        sum.im += value.im;
      }
      image[x * g.stride[2]] = sum;
    }
  }
}

int64_t blocks_for(int64_t rows) { return (rows + kRowsOfBlock - 1) / kRowsOfBlock; }

}  // namespace

template <class T>
void images_to_grids(const GridImages<T>& g, const Stream& stream) {
  launch(to_grids_kernel<T>, blocks_for(g.frames * g.batches * g.grid[0] * g.grid[1]), stream, g);
}

template <class T>
void grids_to_images(const GridImages<T>& g, const Stream& stream) {
  launch(to_images_kernel<T>,
         blocks_for(g.frames * (g.sum_batch ? 1 : g.batches) * g.image[0] * g.image[1]), stream, g);
}

template void images_to_grids(const GridImages<float>&, const Stream&);
template void images_to_grids(const GridImages<double>&, const Stream&);
template void grids_to_images(const GridImages<float>&, const Stream&);
template void grids_to_images(const GridImages<double>&, const Stream&);

}  // namespace lunops::cuda
