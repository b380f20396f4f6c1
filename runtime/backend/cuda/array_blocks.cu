// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/planned.hpp"

namespace lunops {

using namespace cuda;

namespace {

// Dims of blocks of one launch.
constexpr int kBlockDims = 4;

// A BlockGrid with strides: element p of the array, block i and offset j in it.
struct Grid {
  int ndim;
  int64_t extent[kBlockDims], block[kBlockDims], step[kBlockDims], count[kBlockDims];
  int64_t array[kBlockDims];   // strides of the array
  int64_t blocks[kBlockDims];  // strides of the block numbers
  int64_t offset[kBlockDims];  // strides of the offsets
};

Grid grid_of(const BlockGrid& g, const RawView& array, const RawView& blocks) {
  if (g.runs != nullptr || g.ndim > kBlockDims) refuse_blocks(g);
  Grid made{};
  made.ndim = g.ndim;
  const auto batch = static_cast<size_t>(array.ndim - g.ndim);
  for (int d = 0; d < g.ndim; ++d) {
    const auto k = static_cast<size_t>(d);
    made.extent[d] = g.extent[k];
    made.block[d] = g.block[k];
    made.step[d] = g.stride[k];
    made.count[d] = g.count[k];
    made.array[d] = array.stride[batch + k];
    made.blocks[d] = blocks.stride[batch + k];
    made.offset[d] = blocks.stride[batch + static_cast<size_t>(g.ndim) + k];
  }
  return made;
}

// Operands are the batch of the array and of the blocks; `i` counts the elements within.
template <class T>
struct ToBlocks {
  Grid g;
  const T* x;
  T* y;
  Scaling<T> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    int64_t rest = at[2];
    int64_t index[2 * kBlockDims];
    for (int d = g.ndim - 1; d >= 0; --d) {
      index[kBlockDims + d] = rest % g.block[d];
      rest /= g.block[d];
    }
    for (int d = g.ndim - 1; d >= 0; --d) {
      index[d] = rest % g.count[d];
      rest /= g.count[d];
    }
    int64_t from = at[0], to = at[1];
    bool is_inside = true;
    for (int d = 0; d < g.ndim; ++d) {
      const int64_t p = index[d] * g.step[d] + index[kBlockDims + d];
      is_inside = is_inside && p < g.extent[d];
      from += p * g.array[d];
      to += index[d] * g.blocks[d] + index[kBlockDims + d] * g.offset[d];
    }
    scale.store(y[to], is_inside ? x[from] : T(0));
  }
};

// Each element of the array sums the blocks that cover it, in ascending order.
template <class T>
struct FromBlocks {
  Grid g;
  const T* y;
  T* x;
  Scaling<wide_t<T>> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    int64_t rest = at[2], to = at[0];
    int64_t p[kBlockDims], first[kBlockDims], last[kBlockDims], number[kBlockDims];
    bool is_covered = true;
    for (int d = g.ndim - 1; d >= 0; --d) {
      p[d] = rest % g.extent[d];
      rest /= g.extent[d];
      to += p[d] * g.array[d];
      const int64_t before = p[d] - g.block[d] + 1;  // the first start that reaches p
      first[d] = before <= 0 ? 0 : (before + g.step[d] - 1) / g.step[d];
      const int64_t reached = p[d] / g.step[d];
      last[d] = reached < g.count[d] - 1 ? reached : g.count[d] - 1;
      number[d] = first[d];
      is_covered = is_covered && first[d] <= last[d];
    }
    wide_t<T> sum(0);
    while (is_covered) {
      int64_t from = at[1];
      for (int d = 0; d < g.ndim; ++d) {
        from += number[d] * g.blocks[d] + (p[d] - number[d] * g.step[d]) * g.offset[d];
      }
      sum += wide(y[from]);
      int d = g.ndim - 1;
      while (d >= 0 && ++number[d] > last[d]) {
        number[d] = first[d];
        --d;
      }
      is_covered = d >= 0;
    }
    scale.store(x[to], sum);
  }
};

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
  const Grid g = grid_of(grid, x, y);
  int64_t within = 1;
  for (int d = 0; d < g.ndim; ++d) within *= g.count[d] * g.block[d];
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    for_each(over_batch(grid, x, y, within), stream,
             ToBlocks<T>{g, data<const T>(x), data<T>(y), scaling<T>(s)});
  });
}

// x[…, p] = alpha * sum of y[…, i, j] over i * stride + j = p + beta * x[…, p].
void CudaBackend::blocks_to_array(
    const BlockGrid& grid, RawView y, Scale s, RawView x, Stream& stream) {
  const Grid g = grid_of(grid, x, y);
  int64_t within = 1;
  for (int d = 0; d < g.ndim; ++d) within *= g.extent[d];
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    for_each(over_batch(grid, x, y, within), stream,
             FromBlocks<T>{g, data<const T>(y), data<T>(x), scaling<wide_t<T>>(s)});
  });
}

}  // namespace lunops
