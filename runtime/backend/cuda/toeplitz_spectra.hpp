// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "runtime/backend/nufft.hpp"
#include "runtime/device/stream.hpp"

namespace lunops::cuda {

// DFT_G(c) / prod G for c[m] = (1 / prod N) sum_j w_j exp(2 pi i sum_d k_jd m_d / N_d), |m_d| <
// N_d, laid out on the grid G >= 2 N - 1 with negative m wrapped (nufft.md §6): as
// cpu::ToeplitzSpectra, in memory of the device.
class ToeplitzSpectra {
 public:
  ToeplitzSpectra(const ToeplitzSpec& spec, const std::array<int64_t, 3>& grid, Stream& stream);
  ~ToeplitzSpectra();

  // Bytes of the device that one with such weights takes besides sorted points and the workspace of
  // their adjoint.
  static size_t expected_bytes(const ToeplitzSpec& spec,
                               bool complex_weights,
                               const std::array<int64_t, 3>& grid) noexcept;
  // What it makes adjoints with, and for how many images at a time.
  static NufftSpec points_spec(const ToeplitzSpec& spec);
  static int64_t images_at_once(const ToeplitzSpec& spec, bool complex_weights) noexcept;

  // The spectrum of {kernel, frame}, {grid}; replaces the one made before.
  const c128* make(int64_t kernel, int64_t frame);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Its steps on the device.  Arrays by dim are in the order of the image, slowest first.
struct ToeplitzPoints {
  int dims;
  int64_t count;
  int64_t image[3], grid[3];
  const double* coordinates;  // {count, dims}
  const double *real, *imag;  // {count}; real null: ones, imag null: real weights
  int64_t first, blocks;      // blocks c_s with s = first …
};
// samples[s][j] = w_j exp(2 pi i sum_d k_jd (floor(N_d/2) - s_d N_d) / N_d).
void modulate(const ToeplitzPoints& points, c128* samples, const Stream& stream);
// c[r - s N] = images[s][r] / (sqrt(prod N) prod G) on the wrapped grid; for real weights c[-m] =
// conj c[m] too.  What no block reaches stays as it is.
void lay_out(const ToeplitzPoints& points, const c128* images, c128* c, const Stream& stream);

// Puts a spectrum into place in the precision of `dtype`, its real part if that is real: {extent}
// elements from `offset`, `step` apart in each dim of {grid}.
struct ToeplitzPart {
  int64_t extent[3], offset[3], grid[3];
  int64_t step;
};
void keep_spectrum(
    const ToeplitzPart& part, const c128* spectrum, DType dtype, void* to, const Stream& stream);

}  // namespace lunops::cuda
