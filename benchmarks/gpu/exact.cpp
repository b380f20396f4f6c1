// SPDX-License-Identifier: MIT
// The sums that a NUFFT approximates, at a few places.
#include <cmath>
#include <complex>
#include <numbers>
#include <random>

#include "benchmarks/gpu/problem.hpp"

namespace lunops::bench {

namespace {

// exp(-2 pi i k m / n) of the pixels m = -n/2 …, with the phase reduced before it is rounded.
std::vector<c128> phases(double k, int64_t n) {
  std::vector<c128> v(static_cast<size_t>(n));
  for (int64_t m = 0; m < n; ++m) {
    const long double turns = static_cast<long double>(k) * static_cast<long double>(m - n / 2) /
                              static_cast<long double>(n);
    const auto rest = static_cast<double>(turns - std::floor(turns));
    v[static_cast<size_t>(m)] = std::polar(1.0, -2 * std::numbers::pi * rest);
  }
  return v;
}

// Sums over one dim after another, the last first.
c128 at_point(const Problem& problem, const double* k, const c64* image) {
  const auto dims = static_cast<int>(problem.image.size());
  std::vector<c128> left;
  int64_t rows = problem.pixels();
  for (int d = dims - 1; d >= 0; --d) {
    const int64_t n = problem.image[static_cast<size_t>(d)];
    const std::vector<c128> phase = phases(k[d], n);
    rows /= n;
    std::vector<c128> sums(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) {
      c128 sum = 0;
      for (int64_t m = 0; m < n; ++m) {
        const auto at = static_cast<size_t>(r * n + m);
        sum += (d == dims - 1 ? c128(image[at]) : left[at]) * phase[static_cast<size_t>(m)];
      }
      sums[static_cast<size_t>(r)] = sum;
    }
    left = std::move(sums);
  }
  return left[0] / std::sqrt(static_cast<double>(problem.pixels()));
}

c128 at_pixel(const Problem& problem, const double* k, const c64* samples, int64_t pixel) {
  const auto dims = static_cast<int>(problem.image.size());
  double place[3] = {};
  for (int d = dims - 1; d >= 0; --d) {
    const int64_t n = problem.image[static_cast<size_t>(d)];
    place[d] = static_cast<double>(pixel % n - n / 2) / static_cast<double>(n);
    pixel /= n;
  }
  c128 sum = 0;
  for (int64_t j = 0; j < problem.points(); ++j) {
    double turns = 0;
    for (int d = 0; d < dims; ++d) turns += k[j * dims + d] * place[d];
    sum += c128(samples[j]) * std::polar(1.0, 2 * std::numbers::pi * (turns - std::floor(turns)));
  }
  return sum / std::sqrt(static_cast<double>(problem.pixels()));
}

template <class Exact>
double error_at(const c64* computed, int64_t count, int places, const Exact& exact) {
  std::mt19937_64 random(5);
  double wrong = 0, right = 0;
  for (int i = 0; i < places; ++i) {
    const auto at = static_cast<int64_t>(random() % static_cast<uint64_t>(count));
    const c128 value = exact(at);
    wrong += std::norm(c128(computed[at]) - value);
    right += std::norm(value);
  }
  return std::sqrt(wrong / right);
}

}  // namespace

double forward_error(const Problem& problem,
                     const Tensor& k,
                     const Tensor& image,
                     const Tensor& samples,
                     Context& host) {
  const Tensor x = image.to(Device::host(), host), y = samples.to(Device::host(), host);
  const auto dims = static_cast<int64_t>(problem.image.size());
  return error_at(y.data_as<c64>(), problem.points(), 20, [&](int64_t j) {
    return at_point(problem, k.data_as<double>() + j * dims, x.data_as<c64>());
  });
}

double adjoint_error(const Problem& problem,
                     const Tensor& k,
                     const Tensor& samples,
                     const Tensor& image,
                     Context& host) {
  const Tensor y = samples.to(Device::host(), host), x = image.to(Device::host(), host);
  return error_at(x.data_as<c64>(), problem.pixels(), 8, [&](int64_t pixel) {
    return at_pixel(problem, k.data_as<double>(), y.data_as<c64>(), pixel);
  });
}

}  // namespace lunops::bench
