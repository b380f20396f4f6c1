// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/backend/nufft.hpp"
#include "runtime/plan/nufft/kaiser_bessel.hpp"

namespace lunops::nufft {

// The smallest tol that a precision can keep (nufft.md §2).
inline constexpr double kLeastTolC64 = 5e-7;
inline constexpr double kLeastTolC128 = 1e-13;

// Width, grid and beta of a NUFFT: what `spec` fixes is kept, the rest is the cheapest by the cost
// model whose predicted error is at most 0.9 tol.  `batch` is what the model assumes.  The same
// spec gives the same answer on every machine.  `bytes` stays 0. Throws Error{argument} where tol
// is out of reach, or width, oversamp and grid contradict each other.
NufftParameters choose(const NufftSpec& spec, int64_t batch = 1);

// The kernel of dim d under these parameters.
KaiserBessel kernel_of(const NufftParameters& p, int d) noexcept;

// Predicted errors of the dims, and of all of them together.
double predicted_error(const NufftSpec& spec, const NufftParameters& p);

}  // namespace lunops::nufft
