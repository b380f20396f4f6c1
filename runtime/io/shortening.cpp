// SPDX-License-Identifier: MIT
#include "runtime/io/shortening.hpp"

#include <cmath>
#include <numbers>

namespace lunops::io {

namespace {

// Sum of exp(2 pi i turn r) over the m values r = -floor(m/2) … , in closed form.
c128 dirichlet(double turn, int m) {
  const double half = std::numbers::pi * (turn - std::round(turn));
  // All terms are 1 to rounding: the quotient below would lose its digits.
  if (std::fabs(half) < 1e-12) return m;
  const double middle = m % 2 == 0 ? -half : 0.0;  // the mean of the values r is -1/2 or 0
  return std::polar(1.0, middle) * (std::sin(m * half) / std::sin(half));
}

}  // namespace

Shortening::Shortening(int n, int m)
    : n_(n), m_(m), matrix_(static_cast<size_t>(n) * static_cast<size_t>(m)) {
  for (int j = 0; j < m; ++j) {
    for (int i = 0; i < n; ++i) {
      const double turn = static_cast<double>(i - n / 2) / n - static_cast<double>(j - m / 2) / m;
      matrix_[static_cast<size_t>(j) * static_cast<size_t>(n) + static_cast<size_t>(i)] =
          c64(dirichlet(turn, m) / static_cast<double>(n));
    }
  }
}

void Shortening::apply(const c64* x, c64* y) const {
  for (int j = 0; j < m_; ++j) {
    const c64* row = matrix_.data() + static_cast<size_t>(j) * static_cast<size_t>(n_);
    float re = 0, im = 0;
    for (int i = 0; i < n_; ++i) {
      re += row[i].real() * x[i].real() - row[i].imag() * x[i].imag();
      im += row[i].real() * x[i].imag() + row[i].imag() * x[i].real();
    }
    y[j] = {re, im};
  }
}

}  // namespace lunops::io
