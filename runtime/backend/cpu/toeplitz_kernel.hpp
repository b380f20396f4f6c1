// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/backend/nufft.hpp"
#include "runtime/device/stream.hpp"

namespace lunops::cpu {

// DFT_G(c) / prod G for c[m] = (1 / prod N) sum_j w_j exp(2 pi i sum_d k_jd m_d / N_d), |m_d| <
// N_d, laid out on the grid G >= 2 N - 1 with negative m wrapped (nufft.md §6).
//
// One array {grid} per kernel and frame, kernels slowest, in double.  With real weights the spectra
// are real up to rounding.
class ToeplitzSpectra {
 public:
  ToeplitzSpectra(const ToeplitzSpec& spec, const std::array<int64_t, 3>& grid, Stream& stream);
  ~ToeplitzSpectra();

  // Bytes that one with such weights takes: sorted points, weights and workspace.
  static size_t expected_bytes(const ToeplitzSpec& spec,
                               bool complex_weights,
                               const std::array<int64_t, 3>& grid,
                               Stream& stream);

  // The spectrum of {kernel, frame}; replaces the one made before.
  const c128* make(int64_t kernel, int64_t frame);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lunops::cpu
