// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/backend/nufft.hpp"

namespace lunops::nufft {

// The cost model of nufft.md §4 and performance.md §3: seconds on one core, with the built-in
// constants, so that every machine decides alike.  `d` extents are read from the arrays.

using Cost = NufftCost;

// FFT passes between an image and a grid that holds it, zero lines skipped, one direction.
Cost pruned_fft(const std::vector<int64_t>& image,
                const std::array<int64_t, 3>& grid,
                int64_t batch,
                bool is_double);

// One forward or adjoint transform of all frames.
Cost gridding(const NufftSpec& spec, const NufftParameters& p, int64_t batch, bool is_adjoint);

// One application of a Toeplitz normal, by form.
std::array<int64_t, 3> embedding_grid(const std::vector<int64_t>& image) noexcept;
Cost toeplitz_embedded(const NufftSpec& spec, int64_t batch);
Cost toeplitz_decomposed(const NufftSpec& spec, int64_t batch);

// In the form that `spec` asks for, or the cheaper one; with the products of a matrix.
Cost toeplitz(const ToeplitzSpec& spec, int64_t batch);

// What a K x K kernel on this grid adds to the transforms of K images.
Cost toeplitz_matrix(const NufftSpec& spec,
                     const std::array<int64_t, 3>& grid,
                     int64_t k,
                     int64_t batch);

// Building the kernel in double at tol / 10: 2^d weighted adjoints (half of them for real weights).
Cost toeplitz_build(const NufftSpec& spec, int64_t kernels, bool complex_weights);

// What the Toeplitz build is planned with.
NufftSpec build_spec(const NufftSpec& spec);

}  // namespace lunops::nufft
