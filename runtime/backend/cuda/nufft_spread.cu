// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft_tiles.cuh"

namespace lunops::cuda {

namespace {

// One block per run and block of elements.  `lanes` threads own the tile of one element and take
// the cells of a stencil together, one point after another: the sums of a cell have the order of
// the points, whatever the number of elements and lanes, and need no atomics.
template <class T, int D, int W>
__global__ void __launch_bounds__(kTileThreads) spread_kernel(NufftJob<T> job, bool is_atomic) {
  const int w = width_of<T, W>(job);
  const TileShare share(job);
  const TileRun& run = share.run;
  const int first_element = share.block * job.elements;
  const int elements = min(job.elements, job.batches - first_element);
  const TileMemory<T> m(job, D * w, true);
  const int cells = run.side[0] * run.side[1] * run.side[2];
  for (int e = 0; e < elements; ++e) {
    for (int i = threadIdx.x; i < cells; i += blockDim.x) m.tile[e * job.pitch + i] = {0, 0};
  }
  const int own = static_cast<int>(threadIdx.x) / job.lanes;
  const int lane = static_cast<int>(threadIdx.x) % job.lanes;
  const int row_step = run.side[2];
  const int plane_step = run.side[1] * run.side[2];
  const int stencil = D == 1 ? w : D == 2 ? w * w : w * w * w;
  for (int done = 0; done < run.count; done += job.chunk) {
    const int count = min(job.chunk, run.count - done);
    const int64_t first = run.begin + done;
    __syncthreads();
    stage_values<T, D, W>(job, first, count, m.value);
    stage_corners<T, D>(job, run, first, count, m.corner);
    for (int i = threadIdx.x; i < count * elements; i += blockDim.x) {
      const int e = i / count;
      const int point = i - e * count;
      m.strength[e * job.chunk + point] =
          samples_of(job, run, first_element + e)[job.index[first + point]];
    }
    __syncthreads();
    for (int point = 0; point < count; ++point) {
      if (own < elements) {
        const Pair<T> strength = m.strength[own * job.chunk + point];
        Pair<T>* corner = m.tile + own * job.pitch + m.corner[point];
        const T* value = m.value + point;
        for (int i = lane; i < stencil; i += job.lanes) {
          const int b = D == 1 ? i : i % w;
          int at = b;
          T k = value[((D - 1) * w + b) * job.chunk];
          if constexpr (D == 2) {
            const int a = i / w;
            at += a * row_step;
            k *= value[a * job.chunk];
          } else if constexpr (D == 3) {
            const int row = i / w;
            const int c = row / w;
            const int a = row - c * w;
            at += c * plane_step + a * row_step;
            k *= value[(w + a) * job.chunk] * value[c * job.chunk];
          }
          add_scaled(corner[at], k, strength);
        }
      }
      // The next point may touch the same cells by other lanes.
      if (job.lanes > 32) {
        __syncthreads();
      } else {
        __syncwarp();
      }
    }
  }
  __syncthreads();
  if (!is_atomic && run.slot >= 0) {
    auto* slot =
        reinterpret_cast<Pair<T>*>(job.slots) +
        ((int64_t{run.frame - job.frame} * job.blocks + share.block) * job.slot_count + run.slot) *
            job.elements * job.pitch;
    for (int e = 0; e < elements; ++e) {
      for (int i = threadIdx.x; i < cells; i += blockDim.x) {
        slot[e * job.pitch + i] = m.tile[e * job.pitch + i];
      }
    }
    return;
  }
  Pair<T>* grid = grid_of(job, run, first_element);
  each_cell(job, run, elements, [&](int64_t at, int element, int cell) {
    const Pair<T> value = m.tile[element * job.pitch + cell];
    Pair<T>& to = grid[element * job.plane + at];
    if (!is_atomic) {
      to = {to.re + value.re, to.im + value.im};
    } else if (value.re != 0 || value.im != 0) {
      add_atomically(to, value);
    }
  });
}

// One block per cut tile and block of elements; its runs are added in order.
template <class T>
__global__ void __launch_bounds__(kTileThreads) add_cuts_kernel(NufftJob<T> job) {
  const CutRuns cut = job.cuts[blockIdx.x / job.blocks];
  const int block = static_cast<int>(blockIdx.x % job.blocks);
  const int first_element = block * job.elements;
  const int elements = min(job.elements, job.batches - first_element);
  const TileRun run = job.runs[cut.first];
  const auto* slots = reinterpret_cast<const Pair<T>*>(job.slots) +
                      (int64_t{run.frame - job.frame} * job.blocks + block) * job.slot_count *
                          job.elements * job.pitch;
  Pair<T>* grid = grid_of(job, run, first_element);
  each_cell(job, run, elements, [&](int64_t at, int element, int cell) {
    Pair<T> sum = grid[element * job.plane + at];
    for (int64_t r = cut.first; r < cut.last; ++r) {
      const Pair<T> value =
          slots[(job.runs[r].slot * int64_t{job.elements} + element) * job.pitch + cell];
      sum.re += value.re;
      sum.im += value.im;
    }
    grid[element * job.plane + at] = sum;
  });
}

// One thread per point: its stencil goes to the grid by atomics.
template <class T, int D>
__global__ void __launch_bounds__(kTileThreads) spread_direct_kernel(NufftJob<T> job) {
  const TileRun run = job.runs[blockIdx.x / job.blocks];
  const int first_element = static_cast<int>(blockIdx.x % job.blocks) * job.elements;
  const int elements = min(job.elements, job.batches - first_element);
  for (int i = threadIdx.x; i < run.count; i += blockDim.x) {
    const int64_t point = run.begin + i;
    const PointValues<T, D> v(job, point);
    for (int e = first_element; e < first_element + elements; ++e) {
      const Pair<T> strength = samples_of(job, run, e)[job.index[point]];
      Pair<T>* grid = grid_of(job, run, e);
      for (int c = 0; c < (D > 2 ? job.width : 1); ++c) {
        const int64_t plane = D > 2 ? v.cell(job, 0, c) * job.grid[1] : 0;
        const T k_slow = D > 2 ? v.value[0][c] : T(1);
        for (int a = 0; a < (D > 1 ? job.width : 1); ++a) {
          const int64_t row = D > 1 ? (plane + v.cell(job, D - 2, a)) * job.grid[2] : 0;
          const T k_row = D > 1 ? k_slow * v.value[D > 1 ? D - 2 : 0][a] : T(1);
          for (int b = 0; b < job.width; ++b) {
            const T k = k_row * v.value[D - 1][b];
            add_atomically(grid[row + v.cell(job, D - 1, b)], {k * strength.re, k * strength.im});
          }
        }
      }
    }
  }
}

// One block per tile and element adds all points of the tile to the grid, one after another.
// Chunks of points are staged as for tiles, in shared memory without a tile; `lanes` are all
// threads.
template <class T, int D>
__global__ void __launch_bounds__(kTileThreads) spread_in_order_kernel(NufftJob<T> job) {
  const int w = job.width;
  const TileRun run = job.runs[blockIdx.x / job.batches];
  const int element = static_cast<int>(blockIdx.x % job.batches);
  Pair<T>* strength = shared_memory<Pair<T>>();
  T* values = reinterpret_cast<T*>(strength + job.chunk);
  const int stencil = D == 1 ? w : D == 2 ? w * w : w * w * w;
  Pair<T>* grid = grid_of(job, run, element);
  for (int done = 0; done < run.count; done += job.chunk) {
    const int count = min(job.chunk, run.count - done);
    const int64_t first = run.begin + done;
    __syncthreads();
    stage_values<T, D, 0>(job, first, count, values);
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
      strength[i] = samples_of(job, run, element)[job.index[first + i]];
    }
    __syncthreads();
    for (int point = 0; point < count; ++point) {
      const T* value = values + point;
      const uint32_t* left = job.left + (first + point) * D;
      for (int i = threadIdx.x; i < stencil; i += blockDim.x) {
        int rest = i;
        int64_t at = 0, step = 1;
        T k = 1;
        for (int d = D - 1; d >= 0; --d) {
          const int p = rest % w;
          rest /= w;
          const int64_t extent = job.grid[3 - D + d];
          k *= value[(d * w + p) * job.chunk];
          at += wrapped(int64_t{left[d]} + p, extent) * step;
          step *= extent;
        }
        add_scaled(grid[at], k, strength[point]);
      }
      __syncthreads();
    }
  }
}

}  // namespace

template <class T>
void spread_tiles(const NufftJob<T>& job,
                  int dims,
                  int64_t runs,
                  size_t shared,
                  bool is_atomic,
                  const Stream& stream) {
  const auto kernel =
      kernel_for<T>(dims, job.width, [](auto d, auto w) { return &spread_kernel<T, d, w>; });
  issue(kernel, runs * job.blocks * job.parts, job.elements * job.lanes, shared, stream, job,
        is_atomic);
}

template <class T>
void add_cuts(const NufftJob<T>& job, int64_t cuts, const Stream& stream) {
  issue(add_cuts_kernel<T>, cuts * job.blocks, kTileThreads, 0, stream, job);
}

template <class T>
void spread_directly(
    const NufftJob<T>& job, int dims, int64_t runs, bool is_atomic, const Stream& stream) {
  if (is_atomic) {
    const auto kernel = dims == 1   ? &spread_direct_kernel<T, 1>
                        : dims == 2 ? &spread_direct_kernel<T, 2>
                                    : &spread_direct_kernel<T, 3>;
    issue(kernel, runs * job.blocks, kTileThreads / 2, 0, stream, job);
    return;
  }
  const auto kernel = dims == 1   ? &spread_in_order_kernel<T, 1>
                      : dims == 2 ? &spread_in_order_kernel<T, 2>
                                  : &spread_in_order_kernel<T, 3>;
  const size_t shared = static_cast<size_t>(job.chunk) *
                        (sizeof(Pair<T>) + static_cast<size_t>(dims * job.width) * sizeof(T));
  issue(kernel, runs * job.batches, kTileThreads, shared, stream, job);
}

template void spread_tiles(const NufftJob<float>&, int, int64_t, size_t, bool, const Stream&);
template void spread_tiles(const NufftJob<double>&, int, int64_t, size_t, bool, const Stream&);
template void add_cuts(const NufftJob<float>&, int64_t, const Stream&);
template void add_cuts(const NufftJob<double>&, int64_t, const Stream&);
template void spread_directly(const NufftJob<float>&, int, int64_t, bool, const Stream&);
template void spread_directly(const NufftJob<double>&, int, int64_t, bool, const Stream&);

}  // namespace lunops::cuda
