// SPDX-License-Identifier: MIT
// Included before everything else in files of runtime/backend/cuda that g++ compiles: what nvcc
// knows of kernels without being told.
#pragma once

#include <cuda_runtime_api.h>
#include <math.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "tests/cuda/simulated/gpu.hpp"
#include "tests/cuda/simulated/threads.hpp"

#undef __global__
#undef __device__
#undef __host__
#undef __shared__
#undef __constant__
#undef __launch_bounds__
#undef __forceinline__
#define __global__
#define __device__
#define __host__
// A block runs on one thread of the host.
#define __shared__ static thread_local
#define __constant__ static const
#define __launch_bounds__(...)
#define __forceinline__ inline

#define threadIdx (::lunops::simulated::place().thread)
#define blockIdx (::lunops::simulated::place().block)
#define blockDim (::lunops::simulated::place().threads)
#define gridDim (::lunops::simulated::place().blocks)
inline constexpr int warpSize = 32;

inline void __syncthreads() { lunops::simulated::wait_for_block(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { lunops::simulated::wait_for_warp(mask); }
inline void __threadfence() {}
inline void __threadfence_block() {}

namespace lunops::simulated {

// The value of `lane`, which takes part.
template <class T>
T exchanged(unsigned mask, T value, unsigned lane) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(Lane));
  T result;
  std::memcpy(&own_lane(), &value, sizeof value);
  wait_for_warp(mask);
  std::memcpy(&result, &lane_at(lane), sizeof result);
  wait_for_warp(mask);
  return result;
}

inline unsigned own_number() { return place().thread.x % 32; }

template <class... P, class... A>
void launch(void (*kernel)(P...),
            int64_t blocks,
            int threads,
            size_t shared,
            cudaStream_t stream,
            const A&... given) {
  std::tuple<std::remove_cv_t<P>...> arguments(given...);
  bool is_free = true;  // of pointers to memory of the host
  const auto look = [&](auto argument) {
    // Padding holds what was there before.  On a copy: gcc 12 clears more than that where an array
    // of structs is a member.
    if constexpr (!std::is_arithmetic_v<decltype(argument)>) __builtin_clear_padding(&argument);
    is_free = is_free && may_get(&argument, sizeof argument);
  };
  std::apply([&](const auto&... each) { (look(each), ...); }, arguments);
  const auto code = reinterpret_cast<const void*>(kernel);
  if (!is_free || !may_launch(code, blocks, threads, shared)) return;
  issue(stream,
        [=] { run_blocks(blocks, threads, shared, [&] { std::apply(kernel, arguments); }); });
}

}  // namespace lunops::simulated

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32) {
  const unsigned own = lunops::simulated::own_number();
  const auto w = static_cast<unsigned>(width);
  return lunops::simulated::exchanged(mask, value, own / w * w + static_cast<unsigned>(lane) % w);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32) {
  const unsigned own = lunops::simulated::own_number();
  const unsigned from = own ^ static_cast<unsigned>(lanes);
  const auto w = static_cast<unsigned>(width);
  return lunops::simulated::exchanged(mask, value, from / w > own / w ? own : from);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned lanes, int width = 32) {
  const unsigned own = lunops::simulated::own_number();
  const auto w = static_cast<unsigned>(width);
  return lunops::simulated::exchanged(mask, value, own % w + lanes < w ? own + lanes : own);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned lanes, int width = 32) {
  const unsigned own = lunops::simulated::own_number();
  const auto w = static_cast<unsigned>(width);
  return lunops::simulated::exchanged(mask, value, own % w >= lanes ? own - lanes : own);
}
inline unsigned __ballot_sync(unsigned mask, int flag) {
  unsigned bits = 0;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1u) == 0) continue;
    bits |= static_cast<unsigned>(lunops::simulated::exchanged(mask, flag != 0 ? 1 : 0, lane))
            << lane;
  }
  return bits;
}

// Threads of one block take turns, blocks follow each other: nothing can come between.
template <class T, class V>
T atomicAdd(T* at, V value) {
  const T before = *at;
  *at = static_cast<T>(before + static_cast<T>(value));
  return before;
}
template <class T, class V>
T atomicMax(T* at, V value) {
  const T before = *at;
  if (static_cast<T>(value) > before) *at = static_cast<T>(value);
  return before;
}
template <class T, class V>
T atomicMin(T* at, V value) {
  const T before = *at;
  if (static_cast<T>(value) < before) *at = static_cast<T>(value);
  return before;
}
template <class T, class V>
T atomicExch(T* at, V value) {
  const T before = *at;
  *at = static_cast<T>(value);
  return before;
}
template <class T>
T atomicCAS(T* at, T expected, T value) {
  const T before = *at;
  if (before == expected) *at = value;
  return before;
}
template <class T>
T __ldg(const T* at) {
  return *at;
}

template <class T>
std::common_type_t<T> min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
std::common_type_t<T> max(T a, T b) {
  return a < b ? b : a;
}
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float x) { return expf(x); }
inline void sincospi(double x, double* s, double* c) { sincos(x * M_PI, s, c); }
inline void sincospif(float x, float* s, float* c) {
  double wide_s = 0, wide_c = 0;
  sincos(x * M_PI, &wide_s, &wide_c);
  *s = static_cast<float>(wide_s);
  *c = static_cast<float>(wide_c);
}
// Each rounds by itself, as everything does here.
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double sinpi(double x) { return sin(x * M_PI); }
inline double cospi(double x) { return cos(x * M_PI); }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline uint64_t __umul64hi(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((static_cast<Wide>(a) * b) >> 64);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((uint64_t{a} * b) >> 32);
}

// The overloads of cuda_runtime.h.
template <class... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value) {
  return ::cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), attribute, value);
}
template <class... P>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks,
                                                          void (*kernel)(P...),
                                                          int threads,
                                                          size_t shared) {
  return ::cudaOccupancyMaxActiveBlocksPerMultiprocessor(
      blocks, reinterpret_cast<const void*>(kernel), threads, shared);
}
template <class T>
cudaError_t cudaMallocHost(T** data, size_t bytes) {
  return ::cudaMallocHost(reinterpret_cast<void**>(data), bytes);
}
