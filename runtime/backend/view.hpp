// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <complex>
#include <cstdint>

#include "runtime/core/dim.hpp"
#include "runtime/core/dtype.hpp"

namespace lunops {

// A strided array as kernels see it: no names, no owner.  Strides count elements and may be 0 or
// negative.
struct RawView {
  void* data = nullptr;
  DType dtype = DType::c64;
  int ndim = 0;
  std::array<int64_t, kMaxDims> extent;  // only the first ndim entries are initialised
  std::array<int64_t, kMaxDims> stride;

  RawView() {}  // NOLINT: the arrays stay uninitialised on purpose, views are made on hot paths
  RawView(const RawView& other) { *this = other; }
  RawView& operator=(const RawView& other) {
    data = other.data;
    dtype = other.dtype;
    ndim = other.ndim;
    for (int i = 0; i < ndim; ++i) {
      extent[static_cast<size_t>(i)] = other.extent[static_cast<size_t>(i)];
      stride[static_cast<size_t>(i)] = other.stride[static_cast<size_t>(i)];
    }
    return *this;
  }

  int64_t count() const noexcept {
    int64_t n = 1;
    for (int i = 0; i < ndim; ++i) n *= extent[static_cast<size_t>(i)];
    return n;
  }
  bool empty() const noexcept { return count() == 0; }
};

// How the terms of a sum are added.  fastest: as layout and extents allow.  fixed: each result by
// itself in double, the summed dims row-major as the views list them, rounded once: its bits depend
// neither on the layout nor on how many others are computed with it (splitting.md §10).
enum class SumOrder : uint8_t { fastest, fixed };

// y <- alpha * result + beta * y.  With beta == 0, y is not read; with alpha == 0 the result is not
// computed.
struct Scale {
  c128 alpha{1.0, 0.0};
  c128 beta{0.0, 0.0};
};

}  // namespace lunops
