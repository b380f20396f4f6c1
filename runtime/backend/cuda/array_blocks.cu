// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"

namespace lunops {

using namespace cuda;

namespace {

// A BlockGrid of D dims with strides: element p of the array, block i and offset j in it.  Dims
// that the grid lacks come first, with one block of one element.
template <int D>
struct Grid {
  int64_t extent[D], block[D], step[D], count[D];
  int64_t array[D];   // strides of the array
  int64_t blocks[D];  // strides of the block numbers
  int64_t offset[D];  // strides of the offsets; with a mask the last is that of the entries
  const BlockGrid::Run* runs;
  int64_t run_count, entries;

  // Row-major numbers of blocks and of array elements as indices.
  template <class I>
  static __device__ void split(I number, const int64_t* extents, int64_t* index) {
#pragma unroll
    for (int d = D - 1; d >= 0; --d) {
      const I n = static_cast<I>(extents[d]);
      const I rest = d == 0 ? 0 : number / n;
      index[d] = number - rest * n;
      number = rest;
    }
  }

  // The last run that does not begin behind an entry.
  __device__ const BlockGrid::Run& run_of(int64_t number) const {
    return last_run([&](const BlockGrid::Run& run) { return run.number <= number; });
  }
  // The last run that does not begin behind a place of the block; the first one where all do.
  __device__ const BlockGrid::Run& run_at(int64_t row, int64_t column) const {
    return last_run([&](const BlockGrid::Run& run) {
      return run.row < row || (run.row == row && run.start <= column);
    });
  }

 private:
  template <class Begins>
  __device__ const BlockGrid::Run& last_run(const Begins& begins) const {
    int64_t low = 0, high = run_count;  // it is in low … high - 1
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      if (begins(runs[middle])) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return runs[low];
  }
};

template <int D>
Grid<D> grid_of(const BlockGrid& g, const RawView& array, const RawView& blocks) {
  Grid<D> made{};
  const auto batch = static_cast<size_t>(array.ndim - g.ndim);
  for (int d = 0; d < D; ++d) {
    made.extent[d] = made.block[d] = made.step[d] = made.count[d] = 1;
    if (d < D - g.ndim) continue;
    const auto k = static_cast<size_t>(d - (D - g.ndim));
    made.extent[d] = g.extent[k];
    made.block[d] = g.block[k];
    made.step[d] = g.stride[k];
    made.count[d] = g.count[k];
    made.array[d] = array.stride[batch + k];
    made.blocks[d] = blocks.stride[batch + k];
    const auto offsets = batch + static_cast<size_t>(g.ndim);
    if (g.runs == nullptr) made.offset[d] = blocks.stride[offsets + k];
    if (g.runs != nullptr && d == D - 1) made.offset[d] = blocks.stride[offsets];
  }
  made.runs = g.runs;
  made.run_count = g.run_count;
  made.entries = g.entries;
  return made;
}

// Operands are the batch of the array and of the blocks, and the number of the element within.
template <class T, int D>
struct ToBlocks {
  Grid<D> g;
  int64_t inside;  // elements of a block
  const T* x;
  T* y;
  Scaling<T> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const I number = at[2] / static_cast<I>(inside), within = at[2] % static_cast<I>(inside);
    int64_t block[D], place[D];
    Grid<D>::split(number, g.count, block);
    int64_t from = at[0], to = at[1];
    if (g.runs == nullptr) {
      Grid<D>::split(within, g.block, place);
#pragma unroll
      for (int d = 0; d < D; ++d) to += place[d] * g.offset[d];
    } else {
      const BlockGrid::Run& run = g.run_of(within);
      Grid<D>::split(run.row * g.block[D - 1] + run.start + within - run.number, g.block, place);
      to += within * g.offset[D - 1];
    }
    bool is_inside = true;
#pragma unroll
    for (int d = 0; d < D; ++d) {
      const int64_t p = block[d] * g.step[d] + place[d];
      is_inside = is_inside && p < g.extent[d];
      from += p * g.array[d];
      to += block[d] * g.blocks[d];
    }
    scale.store(y[to], is_inside ? x[from] : T(0));
  }
};

// Each element of the array sums the blocks that cover it, in ascending order.
template <class T, int D>
struct FromBlocks {
  Grid<D> g;
  const T* y;
  T* x;
  Scaling<wide_t<T>> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    int64_t p[D], first[D], last[D], number[D];
    Grid<D>::split(at[2], g.extent, p);
    int64_t to = at[0];
    bool is_covered = true;
#pragma unroll
    for (int d = 0; d < D; ++d) {
      to += p[d] * g.array[d];
      const int64_t before = p[d] - g.block[d] + 1;  // the first start that reaches p
      const int64_t step = g.step[d];
      first[d] = before <= 0 ? 0 : (before + step - 1) / step;
      const int64_t reached = p[d] / step;
      last[d] = reached < g.count[d] - 1 ? reached : g.count[d] - 1;
      number[d] = first[d];
      is_covered = is_covered && first[d] <= last[d];
    }
    wide_t<T> sum(0);
    while (is_covered) {
      int64_t from = at[1], row = 0;
      bool is_entry = true;
#pragma unroll
      for (int d = 0; d < D; ++d) {
        const int64_t place = p[d] - number[d] * g.step[d];
        from += number[d] * g.blocks[d];
        if (g.runs == nullptr) {
          from += place * g.offset[d];
        } else if (d < D - 1) {
          row = row * g.block[d] + place;
        } else {
          const BlockGrid::Run& run = g.run_at(row, place);
          is_entry = run.row == row && place >= run.start && place < run.start + run.length;
          from += (run.number + place - run.start) * g.offset[d];
        }
      }
      if (is_entry) sum += wide(y[from]);
      bool is_carried = true;
#pragma unroll
      for (int d = D - 1; d >= 0; --d) {
        if (!is_carried) continue;
        is_carried = number[d] == last[d];
        number[d] = is_carried ? first[d] : number[d] + 1;
      }
      is_covered = !is_carried;
    }
    scale.store(x[to], sum);
  }
};

// Calls f<D>() for the dims of a grid: indices of few stay in registers.
template <class F>
void with_dims(const BlockGrid& g, const F& f) {
  if (g.ndim <= 3) {
    f.template operator()<3>();
  } else {
    f.template operator()<kMaxDims / 2>();
  }
}

// Batch dims of both, and one dim of `within` elements that only the third operand walks.
Dims<3> over_batch(const BlockGrid& g,
                   const RawView& array,
                   const RawView& blocks,
                   int64_t within) {
  Dims<3> dims;
  const auto batch = static_cast<size_t>(array.ndim - g.ndim);
  for (size_t d = 0; d < batch; ++d) {
    dims.add(array.extent[d], {array.stride[d], blocks.stride[d], 0});
  }
  dims.add(within, {0, 0, 1});
  return dims;
}

}  // namespace

// y[…, i, j] = alpha * x[…, i * stride + j] + beta * y[…, i, j], x being 0 beyond the array.
void CudaBackend::array_to_blocks(
    const BlockGrid& grid, RawView x, Scale s, RawView y, Stream& stream) {
  int64_t inside = 1, within = 1;
  for (size_t d = 0; d < static_cast<size_t>(grid.ndim); ++d) {
    inside *= grid.block[d];
    within *= grid.count[d];
  }
  if (grid.runs != nullptr) inside = grid.entries;
  const auto dims = over_batch(grid, x, y, within * inside);
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    with_dims(grid, [&]<int D>() {
      for_each(dims, stream,
               ToBlocks<T, D>{grid_of<D>(grid, x, y), inside, data<const T>(x), data<T>(y),
                              scaling<T>(s)});
    });
  });
}

// x[…, p] = alpha * sum of y[…, i, j] over i * stride + j = p + beta * x[…, p].
void CudaBackend::blocks_to_array(
    const BlockGrid& grid, RawView y, Scale s, RawView x, Stream& stream) {
  int64_t within = 1;
  for (size_t d = 0; d < static_cast<size_t>(grid.ndim); ++d) within *= grid.extent[d];
  const auto dims = over_batch(grid, x, y, within);
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    with_dims(grid, [&]<int D>() {
      for_each(dims, stream,
               FromBlocks<T, D>{grid_of<D>(grid, x, y), data<const T>(y), data<T>(x),
                                scaling<wide_t<T>>(s)});
    });
  });
}

}  // namespace lunops
