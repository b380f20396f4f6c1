// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of the catalogue (operators.md); each throws Error{shape | dtype | argument}. `text`
// is the operator's string.
Linop Identity(std::string_view text = "...", const LinopOptions& options = {});
Linop Zero(std::string_view text, const LinopOptions& options = {});
Linop Scalar(c128 s, std::string_view text = "...", const LinopOptions& options = {});
Linop Diagonal(const Tensor& weight,
               std::optional<std::string_view> text = {},
               const LinopOptions& options = {});
Linop Dense(const Tensor& weight,
            std::optional<std::string_view> text = {},
            const LinopOptions& options = {});
Linop Chain(const std::vector<Linop>& factors,
            const LinopOptions& options = {});  // Chain{A, B, C}: C acts first
Linop Add(const std::vector<Linop>& terms, const LinopOptions& options = {});

struct FFTOptions : LinopOptions {
  std::string norm = "ortho";  // ortho, backward, forward
  bool centred = true;
  bool inverse = false;
};
Linop FFT(std::string_view text, const FFTOptions& options = {});

struct PadOptions : LinopOptions {
  std::vector<std::pair<std::string, int64_t>> to = {};
  std::optional<double> scale = {};
  std::string at = "centre";  // centre, start, end
};
Linop Pad(std::string_view text, const PadOptions& options);
Linop Crop(std::string_view text, const PadOptions& options);

enum class Toeplitz : uint8_t { automatic, always, never };
struct NUFFTOptions : LinopOptions {
  std::optional<double> tol = {};  // default 1e-4 for c64, 1e-9 for c128
  std::optional<int> width = {};   // instead of tol, with oversamp
  std::vector<std::pair<std::string, double>> oversamp =
      {};  // by dim; one entry with an empty name: all dims
  std::vector<std::pair<std::string, int64_t>> grid = {};
  std::string units = {};  // cycles (default, checked), radians, normalized
  Toeplitz toeplitz = Toeplitz::automatic;
};
Linop NUFFT(const Tensor& trajectory, std::string_view text, const NUFFTOptions& options = {});

// What recipes read of a NUFFT: its trajectory in cycles, its image dims, and, once planned, its
// parameters.
struct NUFFTInfo {
  Tensor trajectory;
  std::vector<Dim> image_dims;
  std::vector<int64_t> image;  // extents, kUnknown if not known
};
std::optional<NUFFTInfo> nufft_info(const Linop& f);

}  // namespace lunops
