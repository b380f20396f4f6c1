// SPDX-License-Identifier: MIT
#include "runtime/plan/nufft/nearest.hpp"

#include <cmath>

namespace lunops::nufft {

namespace {

// In extended precision the product is exact, so that a tie is seen as one.
long double nearest(double k, int64_t extent, int64_t grid) noexcept {
  return std::nearbyint(static_cast<long double>(k) * static_cast<long double>(grid) /
                        static_cast<long double>(extent));
}

}  // namespace

int64_t nearest_cell(double k, int64_t extent, int64_t grid) noexcept {
  const long double wrapped = std::fmod(nearest(k, extent, grid), static_cast<long double>(grid));
  const auto cell = static_cast<int64_t>(wrapped);
  return cell < 0 ? cell + grid : cell;
}

std::vector<double> nearest_points(const NufftSpec& spec, const NufftParameters& parameters) {
  const size_t dims = spec.image.size();
  std::vector<double> k(static_cast<size_t>(spec.frames * spec.points) * dims);
  for (size_t i = 0; i < k.size(); ++i) {
    const int64_t n = spec.image[i % dims], g = parameters.grid[i % dims];
    k[i] = static_cast<double>(nearest(spec.coordinates[i], n, g) * static_cast<long double>(n) /
                               static_cast<long double>(g));
  }
  return k;
}

}  // namespace lunops::nufft
