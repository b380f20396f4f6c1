// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

struct CheckOptions {
  std::optional<Shape> input = {};  // default: the operator's own, whose extents must be known
  DType dtype = DType::c128;        // of the input
  uint64_t seed = 1;                // of the random data
  double tol = 1e-3;  // of rewritten forms, which may be approximate (Toeplitz); others: rounding
};

// How far one law is from holding, as a fraction of the norms involved, and how far it may be.
struct LawResult {
  std::string law;  // "adjoint", "linear", "normal" …
  double error = 0, tolerance = 0;
  bool holds() const noexcept { return error <= tolerance; }
};

// The laws that need nothing but the operator, on random data: <Ax, y> = <x, A.H y>, linearity,
// A.N x = A.H(A x), A.T and A.conj() by conjugation, y <- alpha A x + beta y, batch dims, and the
// rewritten form against the unrewritten one.  Real-linear operators are held to the real part of
// inner products and to real coefficients, and have no transpose.  Of an operator without adjoint
// only what needs none is tested.
// Throws Error{shape} if an extent is unknown, and what the operator itself throws.
// Source: operators.md §12, L1-L6, L12, L17; their tolerances.
std::vector<LawResult> check_laws(const Linop& a,
                                  Context& context,
                                  const CheckOptions& options = {});

}  // namespace lunops
