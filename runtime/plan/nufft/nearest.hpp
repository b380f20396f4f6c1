// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/backend/nufft.hpp"

namespace lunops::nufft {

// The grid point next to t = k grid / extent, ties to even before anything is wrapped (nufft.md
// §7): in [0, grid).
int64_t nearest_cell(double k, int64_t extent, int64_t grid) noexcept;

// {frames, points, d}: where nearest mode puts the points, round(k grid / extent) extent / grid,
// but for whole periods.
std::vector<double> nearest_points(const NufftSpec& spec, const NufftParameters& parameters);

}  // namespace lunops::nufft
