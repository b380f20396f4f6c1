// SPDX-License-Identifier: MIT
#include "runtime/linop/transform/daubechies.hpp"

#include <cmath>
#include <complex>
#include <numbers>

namespace lunops {

namespace {

using Complex = std::complex<double>;

Complex value(const std::vector<double>& coefficients, Complex y) {
  Complex sum = 0;
  for (size_t k = coefficients.size(); k-- > 0;) sum = sum * y + coefficients[k];
  return sum;
}

// All roots of c[0] + c[1] y + …, by simultaneous iteration (Weierstrass 1891, Durand, Kerner).
std::vector<Complex> roots_of(const std::vector<double>& coefficients) {
  const size_t n = coefficients.size() - 1;
  std::vector<Complex> roots;
  for (size_t i = 0; i < n; ++i)
    roots.push_back(std::pow(Complex(0.4, 0.9), static_cast<double>(i)));
  constexpr int kMostSteps = 500;
  for (int step = 0; step < kMostSteps; ++step) {
    double largest = 0;
    for (size_t i = 0; i < n; ++i) {
      Complex product = coefficients[n];
      for (size_t j = 0; j < n; ++j) {
        if (j != i) product *= roots[i] - roots[j];
      }
      const Complex change = value(coefficients, roots[i]) / product;
      roots[i] -= change;
      largest = std::max(largest, std::abs(change) / std::abs(roots[i]));
    }
    if (largest < 1e-16) break;
  }
  return roots;
}

}  // namespace

// |H(w)|^2 = 2 cos^2p(w/2) P(sin^2(w/2)) with P(y) = sum_k binomial(p-1+k, k) y^k.  With
// y = (2 - z - 1/z) / 4 each root of P gives two of z, one inside the unit circle: those make the
// filter of minimal phase.
std::vector<double> daubechies(int p) {
  std::vector<double> binomials{1.0};
  for (int k = 1; k < p; ++k) binomials.push_back(binomials.back() * (p - 1 + k) / k);
  std::vector<Complex> filter{1.0};
  const auto times = [&](Complex root) {
    // (1 - root / z), coefficients by power of 1/z.
    filter.push_back(0);
    for (size_t i = filter.size(); i-- > 1;) filter[i] -= root * filter[i - 1];
  };
  for (const Complex y : roots_of(binomials)) {
    const Complex half = 1.0 - 2.0 * y;
    const Complex root = std::sqrt(half * half - 1.0);
    const Complex z = half + root;
    times(std::abs(z) < 1 ? z : half - root);
  }
  for (int k = 0; k < p; ++k) times(-1.0);
  double sum = 0;
  for (const Complex& c : filter) sum += c.real();
  std::vector<double> h;
  for (const Complex& c : filter) h.push_back(c.real() * std::numbers::sqrt2 / sum);
  return h;
}

}  // namespace lunops
