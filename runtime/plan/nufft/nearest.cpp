// SPDX-License-Identifier: MIT
#include "runtime/plan/nufft/nearest.hpp"

#include <cmath>

namespace lunops::nufft {

namespace {

// What is next to k once pairs of periods are left out: those change neither the parity of t nor
// the cell.  Exact, so that a tie is seen as one, in operations that a GPU has too.
double nearest(double k, int64_t extent, int64_t grid) noexcept {
  const auto n = static_cast<double>(extent), g = static_cast<double>(grid);
  const double near = std::abs(k) <= n ? k : std::remainder(k, 2 * n);
  const double product = near * g, rest = std::fma(near, g, -product);
  double cell = std::nearbyint(product / n);
  // The quotient was rounded: perhaps to a tie, or past one.
  const double from_cell = 2 * std::fma(-cell, n, product);
  const double above = from_cell - n + 2 * rest, below = from_cell + n + 2 * rest;
  const bool is_odd = std::fmod(cell, 2.0) != 0;
  if (above > 0 || (above == 0 && is_odd)) cell += 1;
  if (below < 0 || (below == 0 && is_odd)) cell -= 1;
  return cell;
}

}  // namespace

int64_t nearest_cell(double k, int64_t extent, int64_t grid) noexcept {
  const int64_t cell = static_cast<int64_t>(nearest(k, extent, grid)) % grid;
  return cell < 0 ? cell + grid : cell;
}

std::vector<double> nearest_points(const NufftSpec& spec, const NufftParameters& parameters) {
  const size_t dims = spec.image.size();
  std::vector<double> k(static_cast<size_t>(spec.frames * spec.points) * dims);
  for (size_t i = 0; i < k.size(); ++i) {
    const int64_t n = spec.image[i % dims], g = parameters.grid[i % dims];
    k[i] = static_cast<double>(static_cast<long double>(nearest(spec.coordinates[i], n, g)) *
                               static_cast<long double>(n) / static_cast<long double>(g));
  }
  return k;
}

}  // namespace lunops::nufft
