// SPDX-License-Identifier: MIT
// Device-only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/backend/cuda/launch.cuh"

namespace lunops::cuda {

// Elements of a row that one thread works on, so that it finds the row once for several of them.
inline constexpr int kPerThread = 4;

template <class F>
__global__ void __launch_bounds__(kBlock) rows_kernel(F f, int rows, int width, int lanes) {
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const int at_once = kBlock / lanes;
  // In 64 bits: the last step may pass the end of 32.
  for (int64_t row = int64_t{blockIdx.x} * at_once + static_cast<int>(threadIdx.x) / lanes;
       row < rows; row += int64_t{gridDim.x} * at_once) {
    const auto found = f.row(static_cast<int>(row));
    for (int i = lane; i < width; i += lanes) f(found, i);
  }
}

// f(f.row(r), i) for every element i of every row r, neighbours by neighbouring threads.
template <class F>
void for_rows(int64_t rows, int64_t width, const Stream& stream, const F& f) {
  if (rows == 0 || width == 0) return;
  int lanes = 8;
  while (lanes < kBlock && lanes * kPerThread < width) lanes *= 2;
  const int64_t at_once = kBlock / lanes;
  launch(rows_kernel<F>, (rows + at_once - 1) / at_once, stream, f, static_cast<int>(rows),
         static_cast<int>(width), lanes);
}

}  // namespace lunops::cuda
