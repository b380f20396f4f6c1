// SPDX-License-Identifier: MIT
// Device-only.
#pragma once

#include <cstdint>

#include "runtime/backend/cuda/launch.cuh"

namespace lunops::cuda {

// Reductions: rows of terms, each summed in an order that follows from the extents alone, so that
// results have the same bits each time and on every GPU.
//
// A Fold F has
//   Acc                                     what is summed; Acc() is the sum of nothing
//   Acc term(at, row)                       a term, by the offsets of its element
//   static void add(Acc&, const Acc&)       in the order of the elements
//   void finish(acc, at, row)               writes a result, by the offsets of the row
inline constexpr int64_t kPart = 16384;  // terms of one block
// Up to here one thread sums a row; rows that are many are read side by side.
inline constexpr int64_t kShort = 64;
inline constexpr int64_t kManyRows = int64_t{1} << 17;

template <int K, class I>
__device__ At<K, I> sum_of(const At<K, I>& a, const At<K, I>& b) {
  At<K, I> at;
  for (int k = 0; k < K; ++k) at.offset[k] = a[k] + b[k];
  return at;
}

template <class F, int K, class I>
__global__ void __launch_bounds__(kBlock) fold_rows_kernel(F f, Walk<K, I> rows, Walk<K, I> terms) {
  const I step = static_cast<I>(gridDim.x) * kBlock;
  for (I row = static_cast<I>(blockIdx.x) * kBlock + threadIdx.x; row < rows.count; row += step) {
    const At<K, I> base = offsets(rows, row);
    typename F::Acc sum{};
    for (I i = 0; i < terms.count; ++i) {
      F::add(sum, f.term(sum_of(base, offsets(terms, i)), row));
    }
    f.finish(sum, base, row);
  }
}

// Part p of row r is item r * parts + p of `partial`.
template <class F, int K, class I>
__global__ void __launch_bounds__(kBlock) fold_parts_kernel(
    F f, Walk<K, I> rows, Walk<K, I> terms, int64_t parts, typename F::Acc* partial) {
  using Acc = typename F::Acc;
  alignas(16) __shared__ unsigned char room[kBlock * sizeof(Acc)];
  Acc* const sums = reinterpret_cast<Acc*>(room);
  const int64_t items = static_cast<int64_t>(rows.count) * parts;
  for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
    const I row = static_cast<I>(item / parts);
    const int64_t begin = (item % parts) * kPart;
    const int64_t left = static_cast<int64_t>(terms.count) - begin;
    const I end = static_cast<I>(begin + (left < kPart ? left : kPart));
    const At<K, I> base = offsets(rows, row);
    Acc sum{};
    for (I i = static_cast<I>(begin) + threadIdx.x; i < end; i += kBlock) {
      F::add(sum, f.term(sum_of(base, offsets(terms, i)), row));
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (int width = kBlock / 2; width > 0; width /= 2) {
      if (threadIdx.x < width) F::add(sums[threadIdx.x], sums[threadIdx.x + width]);
      __syncthreads();
    }
    if (threadIdx.x == 0) {
      if (parts == 1) {
        f.finish(sums[0], base, row);
      } else {
        partial[item] = sums[0];
      }
    }
    __syncthreads();
  }
}

template <class F, int K, class I>
__global__ void __launch_bounds__(kBlock)
    fold_partial_kernel(F f, Walk<K, I> rows, int64_t parts, const typename F::Acc* partial) {
  const I step = static_cast<I>(gridDim.x) * kBlock;
  for (I row = static_cast<I>(blockIdx.x) * kBlock + threadIdx.x; row < rows.count; row += step) {
    typename F::Acc sum{};
    for (int64_t p = 0; p < parts; ++p) F::add(sum, partial[row * parts + p]);
    f.finish(sum, offsets(rows, row), row);
  }
}

template <class I, class F, int K>
void fold_as(const Dims<K>& rows, const Dims<K>& terms, const Stream& stream, const F& f) {
  const auto outer = rows.template walk<I>();
  const auto inner = terms.template walk<I>();
  const int64_t blocks = (rows.count + kBlock - 1) / kBlock;
  if (terms.count <= kShort || rows.count >= kManyRows) {
    launch(fold_rows_kernel<F, K, I>, blocks, stream, f, outer, inner);
    return;
  }
  const int64_t parts = (terms.count + kPart - 1) / kPart;
  const Scratch partial(
      parts == 1 ? 0 : static_cast<size_t>(rows.count * parts) * sizeof(typename F::Acc), stream);
  auto* const room = partial.as<typename F::Acc>();
  launch(fold_parts_kernel<F, K, I>, rows.count * parts, stream, f, outer, inner, parts, room);
  if (parts == 1) return;
  launch(fold_partial_kernel<F, K, I>, blocks, stream, f, outer, parts,
         static_cast<const typename F::Acc*>(room));
}

template <class F, int K>
void fold(const Dims<K>& rows, const Dims<K>& terms, const Stream& stream, const F& f) {
  if (rows.count == 0) return;
  // Offsets of a row and of a term are added, so both need room.
  if (rows.is_small() && terms.is_small()) {
    fold_as<int32_t>(rows, terms, stream, f);
  } else {
    fold_as<int64_t>(rows, terms, stream, f);
  }
}

// Sums of doubles and of complex doubles.
template <class T>
struct Adding {
  using Acc = T;
  static __device__ void add(Acc& sum, const Acc& x) { sum += x; }
};

// Rank-2 views {batch, n}: one row for each batch element.
template <int K, class... V>
void rows_of_batch(Dims<K>& rows, Dims<K>& terms, const V&... views) {
  const std::array<const RawView*, K> all{&views...};
  rows = dims_of<K>(all, [](int d) { return d == 0; });
  terms = dims_of<K>(all, [](int d) { return d == 1; });
}

}  // namespace lunops::cuda
