// SPDX-License-Identifier: MIT
// Device-only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/cuda/dims.hpp"

namespace lunops::cuda {

// Threads of a block.  A guess for kernels that pass over memory; to be measured.
inline constexpr int kBlock = 256;

// Issues a kernel with as many blocks as `wanted`, at most as many as the GPU holds at once:
// kernels loop over what is left.
template <class... P, class... A>
void launch(void (*kernel)(P...), int64_t wanted, const Stream& stream, const A&... arguments) {
  const cudaStream_t native = enter(stream);
  int resident = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, kBlock, 0),
        "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
  const int64_t most =
      int64_t{std::max(resident, 1)} * Gpu::at(stream.device().index).multiprocessors;
  const auto blocks = static_cast<unsigned>(std::max<int64_t>(1, std::min(wanted, most)));
  kernel<<<blocks, kBlock, 0, native>>>(arguments...);
  check(cudaGetLastError(), "kernel launch");
}

template <int K, class I>
struct At {
  I offset[K];
  __device__ I operator[](int k) const { return offset[k]; }
};

// Offsets of the element with row-major number `i`.
template <int K, class I>
__device__ At<K, I> offsets(const Walk<K, I>& walk, I i) {
  At<K, I> at{};
  for (int d = walk.ndim - 1; d >= 0; --d) {
    // The slowest dim needs no division, so arrays without gaps need none.
    const I rest = d == 0 ? 0 : i / walk.extent[d];
    const I index = i - rest * walk.extent[d];
    for (int k = 0; k < K; ++k) at.offset[k] += index * walk.stride[k][d];
    i = rest;
  }
  return at;
}

template <class F, int K, class I>
__global__ void __launch_bounds__(kBlock) map_kernel(F f, Walk<K, I> walk) {
  const I step = static_cast<I>(gridDim.x) * kBlock;
  for (I i = static_cast<I>(blockIdx.x) * kBlock + threadIdx.x; i < walk.count; i += step) {
    f(offsets(walk, i), i);
  }
}

// f(offsets, number) for every element, in any order.  `f` is a function object of device code.
template <class F, int K>
void for_each(const Dims<K>& dims, const Stream& stream, const F& f) {
  if (dims.count == 0) return;
  const int64_t blocks = (dims.count + kBlock - 1) / kBlock;
  if (dims.is_small()) {
    launch(map_kernel<F, K, int32_t>, blocks, stream, f, dims.template walk<int32_t>());
  } else {
    launch(map_kernel<F, K, int64_t>, blocks, stream, f, dims.template walk<int64_t>());
  }
}

}  // namespace lunops::cuda
