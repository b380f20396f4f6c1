// SPDX-License-Identifier: MIT
#pragma once

#include "tests/laws/laws.hpp"

namespace lunops::laws {

inline NUFFTOptions image(std::vector<std::pair<std::string, int64_t>> extents, DType dtype) {
  NUFFTOptions o;
  o.extent = std::move(extents);
  o.units = "cycles";
  o.tol = is_double(dtype) ? 1e-8 : 1e-4;
  return o;
}

// Relative error of these NUFFTs against the exact transform: the tol that `image` asks for.  The
// factor covers cases so small that the error of a random image scatters about its mean.
inline double nufft_error(DType dtype) { return 1.25 * *image({}, dtype).tol; }

}  // namespace lunops::laws
