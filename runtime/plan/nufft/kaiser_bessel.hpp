// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace lunops::nufft {

// The Kaiser-Bessel kernel phi(u) = I0(beta sqrt(1 - u^2)) / I0(beta), |u| <= 1, stretched to
// `width` grid cells (nufft.md §2).
struct KaiserBessel {
  int width = 0;
  double beta = 0;

  double value(double u) const noexcept;  // phi(u); 0 outside [-1, 1]
  double transform(double f) const;       // (2): Phi(f), f in cycles per grid cell
};

double bessel_i0(double x) noexcept;      // infinite from about 713.98
double log_bessel_i0(double x) noexcept;  // finite for every x >= 0

// Beatty's choice of beta for a kernel of `width` cells on a grid `oversamp` times the image.
// Source: Beatty, Nishimura, Pauly, IEEE TMI 24 (2005) 799, eq. 5.
KaiserBessel kaiser_bessel(int width, double oversamp) noexcept;

// What one dim adds to the predicted error (3).
struct DimError {
  double aliasing = 0;   // epsilon_1
  double amplitude = 0;  // A
};
DimError predict_dim(const KaiserBessel& kernel, double oversamp);

// epsilon of (3) over the dims, with the unit roundoff of f32 or f64.
double predict(const std::vector<DimError>& dims, bool is_double) noexcept;

// Polynomials in z = 2 (l - t) + width - 1, one per cell p = 0 … width-1 of the stencil, whose
// value is phi(2 (l + p - t) / width).
//
// coefficient[power * kMaxWidth + p]; entries p >= width are 0.  The degree is the smallest whose
// fit error (rms over panels, relative) is at most `fit`, or the best one reachable in double.
inline constexpr int kMaxWidth = 16;
struct StencilPolynomials {
  int degree = 0;
  std::vector<double> coefficient;
};
StencilPolynomials fit_stencil(const KaiserBessel& kernel, double fit);
// The fit that transforms take: at small oversampling the correction amplifies what polynomials
// miss.
double stencil_fit(const KaiserBessel& kernel, double oversamp);

// 1 / Phi(m / grid) for m = n - floor(extent/2), n = 0 … extent-1, times `scale`.
std::vector<double> correction(const KaiserBessel& kernel,
                               int64_t extent,
                               int64_t grid,
                               double scale);

}  // namespace lunops::nufft
