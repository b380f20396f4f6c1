// SPDX-License-Identifier: MIT
// Device-only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/cuda/dims.hpp"

namespace lunops::cuda {

// Threads of a block.  A guess for kernels that pass over memory; to be measured.
inline constexpr int kBlock = 256;
inline constexpr size_t kSharedByDefault = size_t{48} << 10;  // more must be asked for, by kernel

// Issues `blocks` blocks of `threads`, each with `shared` bytes of shared_memory().  Without nvcc
// it is tests/cuda/simulated that runs kernels, on threads of the host.
template <class... P, class... A>
void issue(void (*kernel)(P...),
           int64_t blocks,
           int threads,
           size_t shared,
           const Stream& stream,
           const A&... arguments) {
  const cudaStream_t native = enter(stream);
  if (shared > kSharedByDefault) {
    Gpu::at(stream.device().index).allow_most_shared(reinterpret_cast<const void*>(kernel));
  }
#ifdef __CUDACC__
  kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared, native>>>(
      arguments...);
#else
  simulated::launch(kernel, blocks, threads, shared, native, arguments...);
#endif
  check(cudaGetLastError(), "kernel launch");
}

// The dynamic shared memory of a block, aligned to 16 bytes.
template <class T>
__device__ T* shared_memory() {
#ifdef __CUDACC__
  extern __shared__ __align__(16) unsigned char lunops_shared[];
  return reinterpret_cast<T*>(lunops_shared);
#else
  return static_cast<T*>(simulated::shared_memory());
#endif
}

// Issues a kernel with as many blocks of kBlock as `wanted`, at most as many as the GPU holds at
// once: kernels loop over what is left.
template <class... P, class... A>
void launch(void (*kernel)(P...), int64_t wanted, const Stream& stream, const A&... arguments) {
  Gpu& gpu = Gpu::at(stream.device().index);
  const int resident = gpu.resident_blocks(reinterpret_cast<const void*>(kernel), kBlock);
  const int64_t most = int64_t{std::max(resident, 1)} * gpu.multiprocessors;
  issue(kernel, std::max<int64_t>(1, std::min(wanted, most)), kBlock, 0, stream, arguments...);
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
