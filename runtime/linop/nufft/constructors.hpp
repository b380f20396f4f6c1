// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/backend/nufft.hpp"
#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
enum class Toeplitz : uint8_t { automatic, always, never };
struct NUFFTOptions : LinopOptions {
  std::optional<double> tol = {};  // default 1e-4 for c64, 1e-9 for c128
  std::optional<int> width = {};   // instead of tol, with oversamp
  std::vector<std::pair<std::string, double>> oversamp =
      {};  // by dim; one entry with an empty name: all dims
  std::vector<std::pair<std::string, int64_t>> grid = {};
  std::string units = {};             // cycles (default, checked), radians, normalized
  std::string mode = "interpolate";   // or "nearest": with oversamp or grid, no tol or width
  std::optional<Tensor> counts = {};  // i32 or i64 over the frame dims: points that exist
  Toeplitz toeplitz = Toeplitz::automatic;
};
Linop NUFFT(const Tensor& trajectory, std::string_view text, const NUFFTOptions& options = {});

// What recipes read of a NUFFT, in any mode; nothing of other operators.
struct NUFFTInfo {
  Tensor trajectory;  // in cycles
  std::vector<Dim> image_dims;
  std::vector<int64_t> image;  // extents, kUnknown if not known
};
std::optional<NUFFTInfo> nufft_info(const Linop& f);

// What the last plan chose; nothing before one was made.
struct NUFFTPlanned {
  NufftParameters parameters;
  int64_t points = 0;  // that exist, of all frames
};
std::optional<NUFFTPlanned> nufft_planned(const Linop& f);

}  // namespace lunops
