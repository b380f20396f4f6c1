// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/convolution_job.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"

namespace lunops::cuda {

namespace {

// Results of one thread, which share what it reads of the filter, and taps that stand in shared
// memory together.  Guesses; to be measured.
constexpr int kResults = 4;
constexpr int kTaps = 512;

// As offsets of launch.cuh; most numbers fit in 32 bits, whose divisions are many times as fast.
// A call, as are guarded sums: inlined, they would fill most of the module.
template <int K>
__device__ __attribute__((noinline)) At<K, int64_t> find(const Walk<K, int64_t>& walk,
                                                         int64_t number) {
  At<K, int64_t> at{};
  for (int d = walk.ndim - 1; d >= 0; --d) {
    const int64_t rest = d == 0 ? 0
                         : walk.count <= UINT32_MAX
                             ? static_cast<int64_t>(static_cast<uint32_t>(number) /
                                                    static_cast<uint32_t>(walk.extent[d]))
                             : number / walk.extent[d];
    const int64_t index = number - rest * walk.extent[d];
    for (int k = 0; k < K; ++k) at.offset[k] += index * walk.stride[k][d];
    number = rest;
  }
  return at;
}

// K: real or complex.
template <class E, class K>
__device__ E weighted(const K& k, const E& x) {
  if constexpr (is_complex_v<E> && !is_complex_v<K>) {
    return E(k * x.real(), k * x.imag());
  } else {
    return times(k, x);
  }
}

// The sum of some taps for a result whose neighbours may lie outside of x.
template <class E, class K>
__device__ __attribute__((noinline)) E guarded_sum(const ConvolutionJob& job,
                                                   const At<2 + kMostLines, int64_t>& at,
                                                   const E* x,
                                                   const K* filter,
                                                   int64_t first,
                                                   int64_t count) {
  E sum(0);
  for (int64_t t = first; t < first + count; ++t) {
    int64_t from = at[0] + job.summed[t];
    bool is_inside = true;
    for (int l = 0; l < job.lines; ++l) {
      const ConvolutionJob::Line& line = job.line[l];
      int64_t i = at[2 + l] - job.position[t * job.lines + l] + line.centre;
      if (job.is_circular) {
        i %= line.extent;
        if (i < 0) i += line.extent;
      }
      is_inside = is_inside && i >= 0 && i < line.x_extent;
      from += i * line.x;
    }
    if (is_inside) sum += weighted(filter[t - first], x[from]);
  }
  return sum;
}

// A block computes kBlock * kResults results of one set at a time.
template <class E, class K>
__global__ void __launch_bounds__(kBlock)
    convolve_kernel(const ConvolutionJob* given, const E* x, E* y, Scaling<E> scale) {
  const ConvolutionJob& job = *given;
  int64_t* const offset = shared_memory<int64_t>();
  K* const filter = reinterpret_cast<K*>(offset + kTaps);
  const int64_t per_set = (job.results.count + kBlock * kResults - 1) / (kBlock * kResults);
  for (int64_t part = blockIdx.x; part < per_set * job.sets.count; part += gridDim.x) {
    const int64_t set = part / per_set;
    const int64_t first = (part - set * per_set) * (kBlock * kResults) + threadIdx.x;
    const auto set_at = find(job.sets, set);
    const E* const from = x + set_at[0];
    int64_t near[kResults];  // of x, at the index of the result
    E sum[kResults];
    bool is_simple = true;  // all results exist, and all their neighbours
    for (int r = 0; r < kResults; ++r) {
      sum[r] = E(0);
      near[r] = 0;
      const int64_t number = first + r * kBlock;
      if (number >= job.results.count) {
        is_simple = false;
        continue;
      }
      const auto at = find(job.results, number);
      near[r] = at[0];
      for (int l = 0; l < job.lines; ++l) {
        const ConvolutionJob::Line& line = job.line[l];
        const int64_t last = at[2 + l] + line.centre;
        is_simple = is_simple && last - (line.taps - 1) >= 0 && last < line.x_extent;
        near[r] += at[2 + l] * line.x;
      }
    }
    for (int64_t t = 0; t < job.taps; t += kTaps) {
      const int count = static_cast<int>(job.taps - t < kTaps ? job.taps - t : kTaps);
      __syncthreads();
      for (int i = static_cast<int>(threadIdx.x); i < count; i += kBlock) {
        filter[i] = static_cast<const K*>(job.filter)[set * job.taps + t + i];
        offset[i] = job.offset[t + i];
      }
      __syncthreads();
      if (is_simple) {
        for (int i = 0; i < count; ++i) {
          for (int r = 0; r < kResults; ++r) {
            sum[r] += weighted(filter[i], from[near[r] + offset[i]]);
          }
        }
      } else {
        for (int r = 0; r < kResults; ++r) {
          const int64_t number = first + r * kBlock;
          if (number >= job.results.count) continue;
          sum[r] += guarded_sum(job, find(job.results, number), from, filter, t, count);
        }
      }
    }
    for (int r = 0; r < kResults; ++r) {
      const int64_t number = first + r * kBlock;
      if (number >= job.results.count) continue;
      scale.store(y[set_at[1] + find(job.results, number)[1]], sum[r]);
    }
  }
}

template <class E, class K>
void convolve_as(const ConvolutionSize& size,
                 const ConvolutionJob* job,
                 const void* x,
                 void* y,
                 const Scale& s,
                 const Stream& stream) {
  const int64_t each = kBlock * kResults;
  const int64_t blocks = (size.results + each - 1) / each * size.sets;
  constexpr int64_t kMost = int64_t{1} << 20;
  issue(convolve_kernel<E, K>, std::min(blocks, kMost), kBlock,
        kTaps * (sizeof(int64_t) + sizeof(K)), stream, job, static_cast<const E*>(x),
        static_cast<E*>(y), scaling<E>(s));
}

}  // namespace

void convolve(const ConvolutionSize& size,
              const ConvolutionJob* job,
              DType dtype,
              bool has_complex_filter,
              const void* x,
              void* y,
              Scale s,
              const Stream& stream) {
  if (size.results * size.sets == 0) return;
  dispatch_floating(dtype, [&]<class H>() {
    using E = device_t<H>;
    if constexpr (is_complex_v<E>) {
      if (has_complex_filter) return convolve_as<E, E>(size, job, x, y, s, stream);
      return convolve_as<E, typename E::value_type>(size, job, x, y, s, stream);
    } else {
      return convolve_as<E, E>(size, job, x, y, s, stream);
    }
  });
}

}  // namespace lunops::cuda
