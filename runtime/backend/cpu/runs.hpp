// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

// How the CPU kernels walk over strided views.
namespace lunops::cpu {

// Below this many elements a loop is not worth sharing: at 1 ns each it is a few times the cost of
// waking a sleeping thread.
inline constexpr int64_t kGrain = 16384;

// Calls f(first, last, worker) on the parts of [0, total).  Where the cuts are depends on the
// share, so f must give each element the same bits in any part.
template <class F>
void parallel_range(int64_t total, int64_t grain, const Stream& stream, const F& f) {
  const int share = stream.threads();
  const int64_t parts = std::min<int64_t>((total + grain - 1) / grain, 4 * int64_t{share});
  // Multiples of 64 elements: no two threads write to one cache line of a contiguous result.
  const int64_t size = parts <= 1 ? total : ((total + parts - 1) / parts + 63) / 64 * 64;
  if (size == 0) return;
  ThreadPool::process().run((total + size - 1) / size, share, [&](int64_t part, int worker) {
    f(part * size, std::min(total, (part + 1) * size), worker);
  });
}

// N views of equal extents as runs: dims reordered and merged so that the innermost one is as long
// and as contiguous as the strides allow.  `offset`s and `step`s count elements.
template <int N>
struct Runs {
  int64_t count = 0;   // elements in all
  int64_t length = 1;  // of one run
  std::array<int64_t, N> step{};
  int ndim = 0;  // outer dims
  std::array<int64_t, kMaxDims> extent;
  std::array<std::array<int64_t, N>, kMaxDims> stride;

  // `keep_order`: dims stay in row-major order, for kernels to which the order matters.
  explicit Runs(const std::array<const RawView*, N>& views, bool keep_order = false) {
    const RawView& shape = *views[0];
    count = shape.count();
    if (count == 0) return;
    for (int d = 0; d < shape.ndim; ++d) {
      const auto k = static_cast<size_t>(d);
      if (shape.extent[k] == 1) continue;
      extent[static_cast<size_t>(ndim)] = shape.extent[k];
      for (size_t v = 0; v < N; ++v) stride[static_cast<size_t>(ndim)][v] = views[v]->stride[k];
      ++ndim;
    }
    if (!keep_order) sort();
    merge();
    if (ndim > 0) {
      --ndim;
      length = extent[static_cast<size_t>(ndim)];
      step = stride[static_cast<size_t>(ndim)];
    }
  }

  // Calls f(offsets, n) for the pieces of runs that cover elements first … last-1.
  template <class F>
  void walk(int64_t first, int64_t last, const F& f) const {
    std::array<int64_t, kMaxDims> index;
    std::array<int64_t, N> offset{};
    int64_t rest = first / length;
    int64_t begin = first % length;
    for (int d = ndim; d-- > 0;) {
      const auto k = static_cast<size_t>(d);
      index[k] = rest % extent[k];
      rest /= extent[k];
      for (size_t v = 0; v < N; ++v) offset[v] += index[k] * stride[k][v];
    }
    while (first < last) {
      const int64_t n = std::min(length - begin, last - first);
      std::array<int64_t, N> at = offset;
      if (begin != 0) {
        for (size_t v = 0; v < N; ++v) at[v] += begin * step[v];
      }
      f(at, n);
      first += n;
      begin = 0;
      for (int d = ndim; d-- > 0;) {
        const auto k = static_cast<size_t>(d);
        for (size_t v = 0; v < N; ++v) offset[v] += stride[k][v];
        if (++index[k] < extent[k]) break;
        index[k] = 0;
        for (size_t v = 0; v < N; ++v) offset[v] -= extent[k] * stride[k][v];
      }
    }
  }

  template <class F>
  void run(const Stream& stream, const F& f) const {
    parallel_range(count, kGrain, stream,
                   [&](int64_t first, int64_t last, int) { walk(first, last, f); });
  }

 private:
  // Large strides outside: the first view decides (it is the one written), later ones break ties.
  void sort() {
    for (int i = 1; i < ndim; ++i) {
      for (int j = i; j > 0 && is_inner(static_cast<size_t>(j - 1), static_cast<size_t>(j)); --j) {
        std::swap(extent[static_cast<size_t>(j - 1)], extent[static_cast<size_t>(j)]);
        std::swap(stride[static_cast<size_t>(j - 1)], stride[static_cast<size_t>(j)]);
      }
    }
  }

  bool is_inner(size_t a, size_t b) const {
    for (size_t v = 0; v < N; ++v) {
      const int64_t sa = std::abs(stride[a][v]), sb = std::abs(stride[b][v]);
      if (sa != sb) return sa < sb;
    }
    return false;
  }

  void merge() {
    int kept = 0;
    for (int d = 1; d < ndim; ++d) {
      const auto outer = static_cast<size_t>(kept), inner = static_cast<size_t>(d);
      bool is_gapless = true;
      for (size_t v = 0; v < N; ++v) {
        if (stride[outer][v] != extent[inner] * stride[inner][v]) is_gapless = false;
      }
      if (is_gapless) {
        extent[outer] *= extent[inner];
        stride[outer] = stride[inner];
      } else {
        ++kept;
        extent[static_cast<size_t>(kept)] = extent[inner];
        stride[static_cast<size_t>(kept)] = stride[inner];
      }
    }
    if (ndim > 0) ndim = kept + 1;
  }
};

// Address of element `offset` of a view.
inline std::byte* at(const RawView& v, int64_t offset) noexcept {
  return static_cast<std::byte*>(v.data) + offset * static_cast<int64_t>(size_of(v.dtype));
}

}  // namespace lunops::cpu
