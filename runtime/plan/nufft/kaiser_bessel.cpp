// SPDX-License-Identifier: MIT
#include "runtime/plan/nufft/kaiser_bessel.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lunops::nufft {

using std::numbers::pi;

// All terms of the power series are positive, so it is accurate to rounding.
double bessel_i0(double x) noexcept {
  const double q = 0.25 * x * x;
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; term > sum * 1e-18; ++k) {
    term *= q / (static_cast<double>(k) * k);
    sum += term;
  }
  return sum;
}

double log_bessel_i0(double x) noexcept {
  if (x < 500) return std::log(bessel_i0(x));
  // The leading terms of the asymptotic series: Abramowitz, Stegun 9.7.1; the next is 3e-7 here.
  return x - 0.5 * std::log(2 * pi * x) + std::log1p(1 / (8 * x));
}

double KaiserBessel::value(double u) const noexcept {
  const double s = 1.0 - u * u;
  if (s < 0.0) return 0.0;
  return bessel_i0(beta * std::sqrt(s)) / bessel_i0(beta);
}

double KaiserBessel::transform(double f) const {
  const double a = pi * width * f;
  const double squared = beta * beta - a * a;
  const double s = std::sqrt(std::abs(squared));
  const double scale = width / bessel_i0(beta);
  if (s < 1e-6) return scale;
  return scale * (squared > 0 ? std::sinh(s) : std::sin(s)) / s;
}

KaiserBessel kaiser_bessel(int width, double oversamp) noexcept {
  const double r = width / oversamp * (oversamp - 0.5);
  return {width, pi * std::sqrt(std::max(r * r - 0.8, 0.01))};
}

namespace {

// Gauss-Legendre nodes and weights on [0, 1], by Newton's method on the Legendre polynomial.
constexpr int kNodes = 32;
struct Quadrature {
  double node[kNodes], weight[kNodes];
  Quadrature() {
    for (int i = 0; i < kNodes; ++i) {
      double x = std::cos(pi * (i + 0.75) / (kNodes + 0.5));
      double slope = 0;
      for (int step = 0; step < 5; ++step) {
        double before = 0, now = 1;
        for (int n = 0; n < kNodes; ++n) {
          const double next = ((2 * n + 1) * x * now - n * before) / (n + 1);
          before = now;
          now = next;
        }
        slope = kNodes * (x * now - before) / (x * x - 1);
        x -= now / slope;
      }
      node[i] = 0.5 * (1 + x);
      weight[i] = 1 / ((1 - x * x) * slope * slope);
    }
  }
};

}  // namespace

// The means of nufft.md §2 over half the image; the other half mirrors it.  Midpoint sums of 400
// points give the same to four digits and took most of the time of a choice.
DimError predict_dim(const KaiserBessel& kernel, double oversamp) {
  static const Quadrature quadrature;
  constexpr int kAliases = 12;
  const double w = kernel.width;
  const double half = 0.5 / oversamp;
  double aliasing = 0;
  double inverse = 0;
  double energy = 0;
  const double i0_beta = bessel_i0(kernel.beta);
  for (int i = 0; i < kNodes; ++i) {
    const double u = quadrature.node[i], weight = quadrature.weight[i];
    // Phi without the common factor w / I0(beta).
    const auto phi = [&](double g) {
      const double a = pi * w * g;
      const double squared = kernel.beta * kernel.beta - a * a;
      const double s = std::sqrt(std::abs(squared));
      if (s < 1e-6) return 1.0;
      return (squared > 0 ? std::sinh(s) : std::sin(s)) / s;
    };
    const double f = half * u;
    const double centre = phi(f);
    double sum = 0;
    for (int j = 1; j <= kAliases; ++j) {
      const double above = phi(f + j);
      const double below = phi(f - j);
      sum += above * above + below * below;
    }
    aliasing += weight * sum / (centre * centre);
    const double scaled = centre * w / i0_beta;
    inverse += weight / (scaled * scaled);
    const double v = bessel_i0(kernel.beta * std::sqrt(1.0 - u * u)) / i0_beta;
    energy += weight * v * v;
  }
  return {std::sqrt(aliasing), std::sqrt(w * energy * inverse)};
}

double predict(const std::vector<DimError>& dims, bool is_double) noexcept {
  double aliasing = 0;
  double amplitude = 1;
  for (const DimError& d : dims) {
    aliasing += d.aliasing * d.aliasing;
    amplitude *= d.amplitude;
  }
  const double rounding = 2.5 * (is_double ? 0x1p-53 : 0x1p-24) * amplitude;
  return std::sqrt(aliasing + rounding * rounding);
}

namespace {

// Monomial coefficients of the polynomial of degree n-1 through f at n Chebyshev nodes.
std::vector<double> interpolate(const KaiserBessel& kernel, int p, int n) {
  std::vector<long double> chebyshev(static_cast<size_t>(n), 0.0L);
  for (int i = 0; i < n; ++i) {
    const double angle = pi * (i + 0.5) / n;
    const double z = std::cos(angle);
    const double value = kernel.value((z - kernel.width + 1 + 2 * p) / kernel.width);
    for (int k = 0; k < n; ++k) {
      chebyshev[static_cast<size_t>(k)] +=
          (k == 0 ? 1.0L : 2.0L) / n * value * std::cos(static_cast<long double>(k) * angle);
    }
  }
  // T_k = 2 z T_{k-1} - T_{k-2}, in monomials.
  const auto size = static_cast<size_t>(n);
  std::vector<long double> sum(size, 0.0L), before(size, 0.0L), now(size, 0.0L), next(size, 0.0L);
  now[0] = 1.0L;
  for (size_t k = 0; k < size; ++k) {
    for (size_t j = 0; j < size; ++j) sum[j] += chebyshev[k] * now[j];
    for (size_t j = 0; j < size; ++j) {
      const long double raised = j == 0 ? 0.0L : now[j - 1];
      next[j] = (k == 0 ? 1.0L : 2.0L) * raised - (k == 0 ? 0.0L : before[j]);
    }
    before = now;
    now = next;
  }
  return {sum.begin(), sum.end()};
}

}  // namespace

StencilPolynomials fit_stencil(const KaiserBessel& kernel, double fit) {
  constexpr int kMostDegree = 22;
  constexpr int kChecks = 24;
  const int w = kernel.width;
  StencilPolynomials best;
  double best_error = 0;
  // Exact values once; every degree is compared with them.
  std::vector<double> exact(static_cast<size_t>(w * kChecks));
  double energy = 0;
  for (int p = 0; p < w; ++p) {
    for (int i = 0; i < kChecks; ++i) {
      const double z = -1.0 + 2.0 * (i + 0.5) / kChecks;
      const double v = kernel.value((z - w + 1 + 2 * p) / w);
      exact[static_cast<size_t>(p * kChecks + i)] = v;
      energy += v * v;
    }
  }
  for (int degree = 2; degree <= kMostDegree; ++degree) {
    StencilPolynomials now;
    now.degree = degree;
    now.coefficient.assign(static_cast<size_t>((degree + 1) * kMaxWidth), 0.0);
    double error = 0;
    for (int p = 0; p < w; ++p) {
      const std::vector<double> c = interpolate(kernel, p, degree + 1);
      for (int k = 0; k <= degree; ++k)
        now.coefficient[static_cast<size_t>(k * kMaxWidth + p)] = c[static_cast<size_t>(k)];
      for (int i = 0; i < kChecks; ++i) {
        const double z = -1.0 + 2.0 * (i + 0.5) / kChecks;
        double v = 0;
        for (int k = degree; k >= 0; --k) v = v * z + c[static_cast<size_t>(k)];
        const double d = v - exact[static_cast<size_t>(p * kChecks + i)];
        error += d * d;
      }
    }
    error = std::sqrt(error / energy);
    if (best.degree == 0 || error < best_error) {
      best = now;
      best_error = error;
    }
    if (error <= fit) break;
  }
  return best;
}

double stencil_fit(const KaiserBessel& kernel, double oversamp) {
  const DimError error = predict_dim(kernel, oversamp);
  return 0.2 * error.aliasing / std::max(1.0, error.amplitude);
}

std::vector<double> correction(const KaiserBessel& kernel,
                               int64_t extent,
                               int64_t grid,
                               double scale) {
  std::vector<double> p(static_cast<size_t>(extent));
  for (int64_t n = 0; n < extent; ++n) {
    const auto m = static_cast<double>(n - extent / 2);
    p[static_cast<size_t>(n)] = scale / kernel.transform(m / static_cast<double>(grid));
  }
  return p;
}

}  // namespace lunops::nufft
