// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

// A d-dim discrete Fourier transform of some dims of an array:
//   y[k] = scale * sum_n x[n] exp(sign * 2 pi i sum_d (k_d - o_d)(n_d - o_d) / N_d),   o_d =
//   floor(N_d/2) if centred, else 0.
//
// Of a transformed dim the arrays may hold a window of indices only: x is zero outside its own, and
// y wanted inside its own.  Strides and the first element are those of what an array holds.
struct FftWindow {
  int64_t first = 0;
  int64_t count = 0;
};
struct FftSpec {
  DType dtype = DType::c64;        // c64 or c128
  std::vector<int64_t> extents;    // of all dims, row-major order; any of them may be transformed
  std::vector<int64_t> x_strides;  // elements
  std::vector<int64_t> y_strides;
  std::vector<int> axes;  // positions of the transformed dims
  int sign = -1;          // -1: exp(-2 pi i …)
  bool centred = true;
  double scale = 1.0;
  std::vector<FftWindow> x_window;  // by dim; of dims that are not transformed, whole
  std::vector<FftWindow> y_window;  // empty: all are whole
  bool deterministic = false;       // the bits of a line depend on nothing but the line

  FftWindow x_at(int dim) const { return window(x_window, dim); }
  FftWindow y_at(int dim) const { return window(y_window, dim); }

 private:
  FftWindow window(const std::vector<FftWindow>& list, int dim) const {
    const auto d = static_cast<size_t>(dim);
    return list.empty() ? FftWindow{0, extents[d]} : list[d];
  }
};
// The axes in the order of least work: those that lose most first, those that grow last.
std::vector<int> fft_order(const FftSpec& spec);
double fft_flops(const FftSpec& spec);  // of one-dim transforms in that order, 5 N log2 N each

// Made by a Backend; immutable; may run on several threads at once, each with a workspace of its
// own.
class FftKernel {
 public:
  virtual ~FftKernel() = default;
  virtual size_t workspace() const noexcept = 0;  // bytes, 64-byte aligned
  virtual double flops() const noexcept = 0;
  virtual double bytes() const noexcept = 0;  // memory traffic of one run
  // y = alpha FFT(x) + beta y.  x and y do not overlap.
  virtual void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const = 0;
};

}  // namespace lunops
