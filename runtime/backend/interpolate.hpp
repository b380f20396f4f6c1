// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

// Interpolation of a grid at arbitrary positions by a short kernel (operators.md §4):
//   y[m] = sum_g prod_d K_d(g_d - t_d) x[g],  over integers |g_d - t_d| <= W_d / 2, both ends
// included.
struct InterpolateSpec {
  enum class Kernel : uint8_t { kaiser_bessel, linear };

  DType dtype = DType::c64;             // of data: f32, f64, c64, c128
  std::vector<int64_t> grid;            // N_d, d = 1, 2, 3, slowest first
  int64_t frames = 1;                   // grids with points of their own
  int64_t points = 0;                   // per frame
  const double* coordinates = nullptr;  // {frames, points, d}, in grid units; read only while the
                                        // kernel is made
  Kernel kernel = Kernel::kaiser_bessel;
  std::array<double, 3> width = {4, 4, 4};  // W_d, 1 … 16
  std::array<double, 3> beta = {0, 0, 0};   // kaiser_bessel
  bool is_circular = true;                  // g modulo N; otherwise terms outside are dropped
  bool deterministic = false;               // as in NufftSpec
};

// The grid points under the kernel at one coordinate, in one dim.
struct TapRange {
  double near = 0;  // the integer next to t, and t from there: exact however large t is
  double rest = 0;
  double first = 0;                 // first grid point, from `near`
  int count = 0;                    // floor(W) or floor(W) + 1
  int64_t start() const noexcept {  // not wrapped
    return static_cast<int64_t>(near) + static_cast<int64_t>(first);
  }
};
TapRange tap_range(double width, double t) noexcept;

// The kernel's values there.
struct Taps {
  static constexpr int kMost = 17;
  int64_t first = 0;  // g of value[0], not wrapped
  int count = 0;
  std::array<double, kMost> value;
};
Taps taps_at(const InterpolateSpec& spec, int d, double t) noexcept;

// Points and kernel values, made once and used in both directions.  Immutable, thread-safe.
//
// Views: grid {frames, batch, N…} with contiguous grid dims; samples {frames, batch, points} with
// contiguous points.  Strides of frames and batch are free.
class InterpolateKernel {
 public:
  virtual ~InterpolateKernel() = default;
  virtual size_t held_bytes() const noexcept = 0;
  virtual size_t workspace(int64_t batch) const noexcept = 0;
  virtual double flops(int64_t batch) const noexcept = 0;
  virtual double bytes(int64_t batch) const noexcept = 0;  // memory traffic of one run

  // samples = alpha K(grid) + beta samples.
  virtual void forward(
      RawView grid, Scale s, RawView samples, std::byte* workspace, Stream&) const = 0;
  // grid = alpha Kᵀ(samples) + beta grid, with the same values.
  virtual void adjoint(
      RawView samples, Scale s, RawView grid, std::byte* workspace, Stream&) const = 0;
};

}  // namespace lunops
