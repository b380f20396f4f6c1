// SPDX-License-Identifier: MIT
#include "runtime/backend/interpolate.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/plan/nufft/kaiser_bessel.hpp"

namespace lunops {

TapRange tap_range(double width, double t) noexcept {
  TapRange range;
  const double near = std::nearbyint(t);
  range.rest = t - near;
  // Beyond, integers would overflow; doubles are whole numbers a thousand apart there.
  constexpr double kFarthest = 0x1p62;
  range.near = std::clamp(near, -kFarthest, kFarthest);
  range.first = std::ceil(range.rest - 0.5 * width);
  range.count = static_cast<int>(std::floor(range.rest + 0.5 * width) - range.first) + 1;
  return range;
}

Taps taps_at(const InterpolateSpec& spec, int d, double t) noexcept {
  const double width = spec.width[static_cast<size_t>(d)];
  const double beta = spec.beta[static_cast<size_t>(d)];
  const TapRange range = tap_range(width, t);
  Taps taps;
  taps.first = range.start();
  taps.count = range.count;
  for (int i = 0; i < taps.count; ++i) {
    const double u = (range.first + i - range.rest) / (0.5 * width);
    const double s = std::max(0.0, 1.0 - u * u);
    taps.value[static_cast<size_t>(i)] = spec.kernel == InterpolateSpec::Kernel::linear
                                             ? std::max(0.0, 1.0 - std::abs(u))
                                             : nufft::bessel_i0(beta * std::sqrt(s));
  }
  return taps;
}

}  // namespace lunops
