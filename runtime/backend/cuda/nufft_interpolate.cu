// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft_tiles.cuh"

namespace lunops::cuda {

namespace {

// One block per run and block of elements: the padded tile of the elements lies in shared memory,
// the kernel values of a point are made once for all of them.  Each thread has one point and
// element; neighbours have the elements of one point, whose cells lie in different banks.
template <class T, int D, int W>
__global__ void __launch_bounds__(kTileThreads) interpolate_kernel(NufftJob<T> job) {
  const int w = width_of<T, W>(job);
  const TileShare share(job);
  const TileRun& run = share.run;
  const int first_element = share.block * job.elements;
  const int elements = min(job.elements, job.batches - first_element);
  const TileMemory<T> m(job, D * w, false);
  const Pair<T>* grid = grid_of(job, run, first_element);
  each_cell(job, run, elements, [&](int64_t at, int element, int cell) {
    m.tile[element * job.pitch + cell] = grid[element * job.plane + at];
  });
  const int row_step = run.side[2];
  const int plane_step = run.side[1] * run.side[2];
  for (int done = 0; done < run.count; done += job.chunk) {
    const int count = min(job.chunk, run.count - done);
    const int64_t first = run.begin + done;
    __syncthreads();
    stage_values<T, D, W>(job, first, count, m.value);
    stage_corners<T, D>(job, run, first, count, m.corner);
    __syncthreads();
    for (int i = threadIdx.x; i < count * job.elements; i += blockDim.x) {
      const int element = i & (job.elements - 1);
      const int point = i / job.elements;
      if (element >= elements) continue;
      const T* value = m.value + point;
      const T* last = value + (D - 1) * w * job.chunk;
      T k[W > 0 ? W : 1];
      if constexpr (W > 0) {
        for (int b = 0; b < W; ++b) k[b] = last[b * job.chunk];
      }
      const auto line_at = [&](const Pair<T>* row) {
        Pair<T> line{0, 0};
        if constexpr (W > 0) {
          for (int b = 0; b < W; ++b) add_scaled(line, k[b], row[b]);
        } else {
          for (int b = 0; b < w; ++b) add_scaled(line, last[b * job.chunk], row[b]);
        }
        return line;
      };
      const Pair<T>* corner = m.tile + element * job.pitch + m.corner[point];
      Pair<T> sum{0, 0};
      if constexpr (D == 1) {
        sum = line_at(corner);
      } else if constexpr (D == 2) {
        for (int a = 0; a < w; ++a) {
          add_scaled(sum, value[a * job.chunk], line_at(corner + a * row_step));
        }
      } else {
        for (int c = 0; c < w; ++c) {
          Pair<T> slab{0, 0};
          for (int a = 0; a < w; ++a) {
            add_scaled(slab, value[(w + a) * job.chunk],
                       line_at(corner + c * plane_step + a * row_step));
          }
          add_scaled(sum, value[c * job.chunk], slab);
        }
      }
      write_sample(job, sum,
                   samples_of(job, run, first_element + element)[job.index[first + point]]);
    }
  }
}

// One thread per point and element, straight from the grid.
template <class T, int D>
__global__ void __launch_bounds__(kTileThreads) interpolate_direct_kernel(NufftJob<T> job) {
  const TileRun run = job.runs[blockIdx.x / job.blocks];
  const int first_element = static_cast<int>(blockIdx.x % job.blocks) * job.elements;
  const int elements = min(job.elements, job.batches - first_element);
  for (int i = threadIdx.x; i < run.count; i += blockDim.x) {
    const int64_t point = run.begin + i;
    const PointValues<T, D> v(job, point);
    for (int e = first_element; e < first_element + elements; ++e) {
      const Pair<T>* grid = grid_of(job, run, e);
      Pair<T> sum{0, 0};
      for (int c = 0; c < (D > 2 ? job.width : 1); ++c) {
        const int64_t plane = D > 2 ? v.cell(job, 0, c) * job.grid[1] : 0;
        Pair<T> slab{0, 0};
        for (int a = 0; a < (D > 1 ? job.width : 1); ++a) {
          const int64_t row = D > 1 ? (plane + v.cell(job, D - 2, a)) * job.grid[2] : 0;
          Pair<T> line{0, 0};
          for (int b = 0; b < job.width; ++b) {
            add_scaled(line, v.value[D - 1][b], grid[row + v.cell(job, D - 1, b)]);
          }
          add_scaled(slab, D > 1 ? v.value[D > 1 ? D - 2 : 0][a] : T(1), line);
        }
        add_scaled(sum, D > 2 ? v.value[0][c] : T(1), slab);
      }
      write_sample(job, sum, samples_of(job, run, e)[job.index[point]]);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kBlock) clear_missing_kernel(MissingPoints<T> m) {
  const int64_t row = blockIdx.x;  // frame, batch element
  const int64_t frame = row / m.batches;
  Pair<T>* samples = reinterpret_cast<Pair<T>*>(m.samples) + frame * m.frame_stride +
                     row % m.batches * m.batch_stride;
  for (int64_t i = m.counts[frame] + threadIdx.x; i < m.points; i += kBlock) {
    Pair<T> value{0, 0};
    if (m.has_beta) {
      const Pair<T> old = samples[i];
      value = {m.beta_re * old.re - m.beta_im * old.im, m.beta_re * old.im + m.beta_im * old.re};
    }
    samples[i] = value;
  }
}

}  // namespace

template <class T>
void interpolate_tiles(
    const NufftJob<T>& job, int dims, int64_t runs, size_t shared, const Stream& stream) {
  const auto kernel =
      kernel_for<T>(dims, job.width, [](auto d, auto w) { return &interpolate_kernel<T, d, w>; });
  const int threads = interpolation_threads(job.elements, job.chunk);
  issue(kernel, runs * job.blocks * job.parts, threads, shared, stream, job);
}

template <class T>
void interpolate_directly(const NufftJob<T>& job, int dims, int64_t runs, const Stream& stream) {
  const auto kernel = dims == 1   ? &interpolate_direct_kernel<T, 1>
                      : dims == 2 ? &interpolate_direct_kernel<T, 2>
                                  : &interpolate_direct_kernel<T, 3>;
  issue(kernel, runs * job.blocks, kTileThreads / 2, 0, stream, job);
}

template <class T>
void clear_missing(const MissingPoints<T>& m, const Stream& stream) {
  issue(clear_missing_kernel<T>, m.frames * m.batches, kBlock, 0, stream, m);
}

template void interpolate_tiles(const NufftJob<float>&, int, int64_t, size_t, const Stream&);
template void interpolate_tiles(const NufftJob<double>&, int, int64_t, size_t, const Stream&);
template void interpolate_directly(const NufftJob<float>&, int, int64_t, const Stream&);
template void interpolate_directly(const NufftJob<double>&, int, int64_t, const Stream&);
template void clear_missing(const MissingPoints<float>&, const Stream&);
template void clear_missing(const MissingPoints<double>&, const Stream&);

}  // namespace lunops::cuda
