// SPDX-License-Identifier: MIT
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "runtime/backend/nufft.hpp"

namespace lunops::reference {

// The non-uniform transform by its definition, (1) of nufft.md: direct sums in double with phases
// reduced modulo 1 in extended precision.
class NufftSum {
 public:
  NufftSum(std::vector<int64_t> image, const double* coordinates);

  int64_t pixels() const noexcept { return pixels_; }
  int64_t phases() const noexcept { return phases_; }  // entries of the array for `phases_of`

  // exp(sign 2 pi i k_d m_d / N_d) for point j (counted over all frames), all n of the first dim,
  // then of the next; the first dim carries (prod N)^(-1/2).
  void phases_of(int64_t point, int sign, c128* phase) const;

  // sum_n image[n] phase[n] over contiguous pixels, and image[n] += value conj… as given by
  // `phase`.
  c128 gather(const c128* image, const c128* phase) const;
  void scatter(c128 value, const c128* phase, c128* image) const;

 private:
  std::vector<int64_t> image_;
  const double* coordinates_;
  int64_t pixels_ = 1;
  int64_t phases_ = 0;
};

// Element {f, b, pixel} of a view {frames, batch, N…} as double, and its address.
c128 load(const RawView& view, int64_t f, int64_t b, int64_t pixel);
void store(RawView& view, int64_t f, int64_t b, int64_t pixel, c128 value, Scale s);

// The map of {b, pixel}, 1 without maps.
c128 map_at(const NufftMaps& maps, int64_t b, int64_t pixel);

}  // namespace lunops::reference
