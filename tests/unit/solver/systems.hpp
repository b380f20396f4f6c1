// SPDX-License-Identifier: MIT
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/solver/solver.hpp"

// Small systems with known solutions, for the tests of the solvers.
namespace lunops::systems {

inline Tensor tensor(const std::string& shape,
                     const std::vector<c128>& values,
                     Context& context,
                     DType dtype = DType::c128) {
  return from_values(Shape::parse(shape), dtype, values, context);
}

// The matrix with these rows as an operator on "n".
inline Linop matrix(int64_t n,
                    const std::vector<c128>& rows,
                    Context& context,
                    DType dtype = DType::c128) {
  const Shape shape(Shape::parse("n' n").dims(), {n, n});
  return Dense(from_values(shape, dtype, rows, context), "n' n, n -> n'");
}

inline std::vector<c128> values(const Tensor& x) {
  std::vector<c128> out;
  std::vector<int64_t> index(static_cast<size_t>(x.ndim()), 0);
  for (int64_t i = 0; i < x.count(); ++i) {
    int64_t rest = i;
    for (int d = x.ndim(); d-- > 0;) {
      index[static_cast<size_t>(d)] = rest % x.shape().extent(d);
      rest /= x.shape().extent(d);
    }
    out.push_back(value_at(x, index));
  }
  return out;
}

// |a - b| / |b|
inline double distance(const std::vector<c128>& a, const std::vector<c128>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += std::norm(a[i] - b[i]);
    size += std::norm(b[i]);
  }
  return std::sqrt(difference / size);
}

// Q diag(eigenvalues) Qᴴ with a fixed random unitary Q (Gram-Schmidt), so condition and spectrum
// are known, and the product with x is exact to rounding.
class Spectrum {
 public:
  Spectrum(std::vector<double> eigenvalues, uint64_t seed, Context& context)
      : eigenvalues_(std::move(eigenvalues)) {
    const auto n = static_cast<int64_t>(eigenvalues_.size());
    const Shape shape(Shape::parse("i j").dims(), {n, n});
    const std::vector<c128> draw = values(randn(shape, DType::c128, seed, context));
    const size_t size = eigenvalues_.size();
    for (size_t i = 0; i < size; ++i) {
      std::vector<c128> q(draw.begin() + static_cast<std::ptrdiff_t>(i * size),
                          draw.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
      for (int pass = 0; pass < 2; ++pass) {
        for (const auto& before : vectors_) {
          c128 product = 0;
          for (size_t k = 0; k < size; ++k) product += std::conj(before[k]) * q[k];
          for (size_t k = 0; k < size; ++k) q[k] -= product * before[k];
        }
      }
      double norm = 0;
      for (const c128& v : q) norm += std::norm(v);
      for (c128& v : q) v /= std::sqrt(norm);
      vectors_.push_back(std::move(q));
    }
  }

  // Row-major entries of the matrix whose eigenvalues are f(eigenvalue).
  std::vector<c128> rows(const std::function<double(double)>& f) const {
    const size_t n = eigenvalues_.size();
    std::vector<c128> m(n * n, 0);
    for (size_t e = 0; e < n; ++e) {
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = 0; j < n; ++j) {
          m[i * n + j] += f(eigenvalues_[e]) * vectors_[e][i] * std::conj(vectors_[e][j]);
        }
      }
    }
    return m;
  }
  std::vector<c128> apply(const std::function<double(double)>& f,
                          const std::vector<c128>& x) const {
    const std::vector<c128> m = rows(f);
    std::vector<c128> y(x.size(), 0);
    for (size_t i = 0; i < x.size(); ++i) {
      for (size_t j = 0; j < x.size(); ++j) y[i] += m[i * x.size() + j] * x[j];
    }
    return y;
  }

 private:
  std::vector<double> eigenvalues_;
  std::vector<std::vector<c128>> vectors_;
};

inline std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace lunops::systems
