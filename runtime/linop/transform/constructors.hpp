// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
struct FFTOptions : LinopOptions {
  std::string norm = "ortho";  // ortho, backward, forward
  bool centred = true;
  bool inverse = false;
};
Linop FFT(std::string_view text, const FFTOptions& options = {});

struct WaveletOptions : LinopOptions {
  std::string family = "db4";          // haar, db1 … db10
  std::optional<int64_t> levels = {};  // default: the largest with 2^levels (2p-1) <= min N
  std::vector<std::string> dims = {};  // of a one-sided string; empty: all
};
Linop Wavelet(std::string_view text, const WaveletOptions& options = {});

// A sub-band of a Wavelet's coefficients: its level (1 is the finest), "a" or "d" for approximation
// or details by dim, and where it lies.
struct WaveletBand {
  struct Range {
    std::string dim;
    int64_t first, count;  // from 0
  };
  int level = 1;
  std::string orientation;
  std::vector<Range> ranges;
};
std::vector<WaveletBand> wavelet_bands(const Linop& w);

// A true convolution with centre floor(K/2); dims of k are addressed by name.
struct ConvolutionOptions : LinopOptions {
  std::string boundary = "zero";  // zero, circular
  std::string method = "auto";    // direct, fft, auto
};
Linop Convolution(const Tensor& kernel,
                  std::optional<std::string_view> text = {},
                  const ConvolutionOptions& options = {});

// Numbers by dim of the grid; one entry with an empty name: all dims.
struct InterpolateOptions : LinopOptions {
  std::string kernel = "kaiser_bessel";                       // kaiser_bessel, linear
  std::vector<std::pair<std::string, double>> width = {};     // in grid units; default 4
  std::vector<std::pair<std::string, double>> beta = {};      // default: by width and oversamp
  std::vector<std::pair<std::string, double>> oversamp = {};  // default 2
  std::string boundary = "circular";                          // circular, zero
};
// locs: "sample d" in grid units, 0 on the first grid point.
Linop Interpolate(const Tensor& locs,
                  std::string_view text,
                  const InterpolateOptions& options = {});
Linop Gridding(const Tensor& locs, std::string_view text, const InterpolateOptions& options = {});

}  // namespace lunops
