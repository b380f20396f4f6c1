// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>

#include "runtime/backend/view.hpp"

namespace lunops::cuda {

// Dims and strides of K operands over the same elements, as a kernel gets them: by value, with an
// index type that fits.  Row-major numbers of elements become offsets.
template <int K, class I>
struct Walk {
  int ndim = 0;
  I count = 1;
  I extent[kMaxDims] = {};
  I stride[K][kMaxDims] = {};
};

// Dims that are adjacent in all operands are one; dims of extent 1 are left out.
template <int K>
struct Dims {
  int ndim = 0;
  int64_t count = 1;
  std::array<int64_t, kMaxDims> extent;
  std::array<std::array<int64_t, kMaxDims>, K> stride;

  void add(int64_t n, const std::array<int64_t, K>& steps) {
    count *= n;
    if (n == 1) return;
    bool joins = ndim > 0;
    for (size_t k = 0; k < K && joins; ++k) {
      joins = stride[k][static_cast<size_t>(ndim - 1)] == steps[k] * n;
    }
    const auto at = static_cast<size_t>(joins ? ndim - 1 : ndim++);
    extent[at] = joins ? extent[at] * n : n;
    for (size_t k = 0; k < K; ++k) stride[k][at] = steps[k];
  }

  // Whether 32 bits hold every number and offset, with room for one more round of a grid.
  bool is_small() const noexcept {
    constexpr int64_t kMost = int64_t{1} << 30;
    if (count > kMost) return false;
    for (size_t k = 0; k < K; ++k) {
      int64_t reach = 0;
      for (size_t d = 0; d < static_cast<size_t>(ndim); ++d) {
        reach += (extent[d] - 1) * std::abs(stride[k][d]);
      }
      if (reach > kMost) return false;
    }
    return true;
  }

  template <class I>
  Walk<K, I> walk() const noexcept {
    Walk<K, I> w;
    w.ndim = ndim;
    w.count = static_cast<I>(count);
    for (size_t d = 0; d < static_cast<size_t>(ndim); ++d) {
      w.extent[d] = static_cast<I>(extent[d]);
      for (size_t k = 0; k < K; ++k) w.stride[k][d] = static_cast<I>(stride[k][d]);
    }
    return w;
  }
};

// Over the dims of `views` for which `takes(dim)` is true.
template <int K, class Takes>
Dims<K> dims_of(const std::array<const RawView*, K>& views, const Takes& takes) {
  Dims<K> dims;
  for (int d = 0; d < views[0]->ndim; ++d) {
    if (!takes(d)) continue;
    const auto at = static_cast<size_t>(d);
    std::array<int64_t, K> steps;
    for (size_t k = 0; k < K; ++k) steps[k] = views[k]->stride[at];
    dims.add(views[0]->extent[at], steps);
  }
  return dims;
}

template <class... V>
Dims<sizeof...(V)> merge_dims(const V&... views) {
  return dims_of<sizeof...(V)>({&views...}, [](int) { return true; });
}

}  // namespace lunops::cuda
