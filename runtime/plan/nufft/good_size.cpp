// SPDX-License-Identifier: MIT
#include "runtime/plan/nufft/good_size.hpp"

#include <algorithm>

namespace lunops::nufft {

namespace {

// Nanoseconds per point by the power of two in n, the last entry for 2^5 and more: midpoints of the
// ranges in nufft.md §2 (FFTW, c64, contiguous lines in chunks of 16, one core of a Zen 5).
constexpr double kPointNanoseconds[6] = {2.05, 1.35, 1.05, 0.85, 0.70, 0.55};
constexpr double kColumnNanoseconds = 0.3;

bool is_smooth(int64_t n) noexcept {
  for (const int64_t p : {2, 3, 5}) {
    while (n % p == 0) n /= p;
  }
  return n == 1;
}

}  // namespace

double line_seconds(int64_t n) noexcept {
  if (n <= 0) return 0.0;
  int power = 0;
  while (power < 5 && ((n >> power) & 1) == 0) ++power;
  // Large primes cost several transforms of twice the size.
  int64_t rest = n;
  for (const int64_t p : {2, 3, 5, 7, 11, 13}) {
    while (rest % p == 0) rest /= p;
  }
  const double factor = rest == 1 ? 1.0 : 4.0;
  return factor * static_cast<double>(n) * kPointNanoseconds[power] * 1e-9;
}

double column_seconds(int64_t n) noexcept {
  return static_cast<double>(n) * kColumnNanoseconds * 1e-9;
}

int64_t good_size(int64_t least) noexcept {
  least = std::max<int64_t>(least, 2);
  int64_t best = 0;
  const int64_t most = std::max(least + least / 4, least + 16);
  for (int64_t n = least + (least & 1); n <= most; n += 2) {
    if (!is_smooth(n)) continue;
    if (best == 0 ||
        line_seconds(n) + column_seconds(n) < line_seconds(best) + column_seconds(best))
      best = n;
  }
  return best;
}

}  // namespace lunops::nufft
