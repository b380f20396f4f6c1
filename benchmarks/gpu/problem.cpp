// SPDX-License-Identifier: MIT
#include "benchmarks/gpu/problem.hpp"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "runtime/linop/operators.hpp"

namespace lunops::bench {

int64_t Problem::pixels() const {
  int64_t n = 1;
  for (const int64_t e : image) n *= e;
  return n;
}

std::string Problem::names() const { return image.size() == 2 ? "y x" : "z y x"; }

std::string Problem::text() const {
  return image.size() == 2 ? fmt::format("y={} x={}", image[0], image[1])
                           : fmt::format("z={} y={} x={}", image[0], image[1], image[2]);
}

std::string Problem::description() const {
  return fmt::format(
      "{{\"extents\": [{}], \"points\": {}, \"coils\": {}, \"dtype\": \"c64\", \"tol\": {:g}}}",
      fmt::join(image, ", "), points(), coils, tol);
}

// Diameters through the centre: equal angles in 2-D, a spiral of directions in 3-D.
Tensor trajectory(const Problem& problem, Context& host) {
  const auto dims = static_cast<int64_t>(problem.image.size());
  const Tensor k = zeros(
      Shape::parse(fmt::format("spoke={} sample={} d={}", problem.spokes, problem.samples, dims)),
      DType::f64, host);
  auto* at = k.data_as<double>();
  for (int64_t i = 0; i < problem.spokes; ++i) {
    const auto number = static_cast<double>(i), of = static_cast<double>(problem.spokes);
    double direction[3] = {};
    if (dims == 2) {
      direction[0] = std::sin(std::numbers::pi * number / of);
      direction[1] = std::cos(std::numbers::pi * number / of);
    } else {
      const double z = (number + 0.5) / of, s = std::sqrt(1 - z * z);
      const double angle = std::numbers::pi * (3 - std::sqrt(5.0)) * number;
      direction[0] = z;
      direction[1] = s * std::sin(angle);
      direction[2] = s * std::cos(angle);
    }
    for (int64_t j = 0; j < problem.samples; ++j) {
      const double r =
          static_cast<double>(j - problem.samples / 2) / static_cast<double>(problem.samples);
      for (int64_t d = 0; d < dims; ++d)
        *at++ = r * direction[d] * static_cast<double>(problem.image[static_cast<size_t>(d)]);
    }
  }
  return k;
}

Linop nufft(const Problem& problem, const Tensor& k, Toeplitz toeplitz) {
  NUFFTOptions options;
  options.tol = problem.tol;
  options.toeplitz = toeplitz;
  const Shape shape = Shape::parse(problem.text());
  for (size_t d = 0; d < problem.image.size(); ++d)
    options.extent.emplace_back(shape.dims()[d].text(), problem.image[d]);
  return NUFFT(k, problem.names() + " -> spoke sample", options);
}

Tensor coil_maps(const Problem& problem, Context& context) {
  const auto shape = Shape::parse(fmt::format("coil={} {}", problem.coils, problem.text()));
  return randn(shape, DType::c64, 3, context);
}

Linop sense(const Problem& problem, const Tensor& k, const Tensor& maps, Toeplitz toeplitz) {
  return nufft(problem, k, toeplitz) * Dense(maps, fmt::format("{0} -> coil {0}", problem.names()));
}

double difference(const Tensor& a, const Tensor& b, Context& host) {
  const Tensor left = a.to(Device::host(), host), right = b.to(Device::host(), host);
  return norm(binary(Binary::subtract, left, right, host), host) / norm(right, host);
}

}  // namespace lunops::bench
