// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/linop/operators.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops::bench {

// Radial sampling of an image in two or three dims, c64.
struct Problem {
  std::vector<int64_t> image;  // extents
  int64_t spokes = 0, samples = 0, coils = 1;
  double tol = 1e-3;

  int64_t points() const { return spokes * samples; }
  int64_t pixels() const;
  std::string names() const;        // "y x"
  std::string text() const;         // "y=256 x=256"
  std::string description() const;  // a JSON object
};

Tensor trajectory(const Problem& problem, Context& host);  // "spoke sample d", cycles, f64
// Where its trajectory is.
Linop nufft(const Problem& problem, const Tensor& k, Toeplitz toeplitz);
// Random, "coil y x", where the context is: those of a large problem take long on the host.
Tensor coil_maps(const Problem& problem, Context& context);
// NUFFT and maps.
Linop sense(const Problem& problem, const Tensor& k, const Tensor& maps, Toeplitz toeplitz);

// Coil 0 of the transform at some points or pixels by the sums themselves, in double: the relative
// error of what was computed.  `k` is the trajectory on the host.
double forward_error(const Problem& problem,
                     const Tensor& k,
                     const Tensor& image,
                     const Tensor& samples,
                     Context& host);
double adjoint_error(const Problem& problem,
                     const Tensor& k,
                     const Tensor& samples,
                     const Tensor& image,
                     Context& host);

// |a - b| / |b|, wherever they are.
double difference(const Tensor& a, const Tensor& b, Context& host);

}  // namespace lunops::bench
