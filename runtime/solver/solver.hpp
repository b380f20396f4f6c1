// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "runtime/linop/linop.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

// Why a solver stopped.
enum class Reason : uint8_t {
  tol,
  iters,
  seconds,
  exact,
  stagnation,
  callback,
  indefinite,
  breakdown
};
std::string_view name_of(Reason reason) noexcept;

// What a callback sees after each step; x is the live iterate, valid during the call.
struct Iteration {
  int iteration = 0;  // from 1
  int of = 0;
  double residual = 0;
  double seconds = 0;
  Tensor x;
};

struct SolverOptions {
  int iters = 100;
  std::optional<double> tol = 1e-6;  // nullopt switches the test off
  std::optional<Tensor> x0;
  std::optional<Linop> precond;
  std::vector<std::string> batch;                      // dims of independent problems
  std::function<bool(const Iteration&)> on_iteration;  // false stops
  double max_seconds = std::numeric_limits<double>::infinity();
};

// What a solver did (solvers.md §1).  With batch dims the figures are the worst element's; the
// per-element ones are in the tensors.
struct SolverInfo {
  std::string algorithm, why;
  bool converged = false;
  Reason reason = Reason::iters;
  int iterations = 0;
  int applications = 0;
  double residual = 0;          // relative to |b|
  std::vector<double> history;  // history[k] = |r_k| / |b|, k = 0 … iterations
  double seconds = 0, setup_seconds = 0;
  size_t peak = 0;
  int graph_launches = 0;  // iterations that a GPU was given as one CUDA graph
  std::optional<Tensor> batch_iterations, batch_residual;  // i64 and f64, over the batch dims
  std::vector<Reason> batch_reason;                        // of each element, row-major
  std::string text() const;                                // a short paragraph
};

struct CgOptions : SolverOptions {
  int refresh = 50;  // recompute r = b - M x every so many iterations; 0: never
};

// Solves M x = b by conjugate gradients, with one application of M per iteration.
//
// M        self-adjoint and >= 0; the result has the dims of b, which are those of M's input.
// options  batch dims are solved as separate problems at once; precond is self-adjoint, positive.
// Errors: shape, dtype and device as for an application; argument for options out of range; numeric
// for a right-hand side or an iterate that is not finite; interrupted.  Not converging is no error.
// Source: Hestenes, Stiefel, J. Res. NBS 49 (1952) 409.
std::pair<Tensor, SolverInfo> cg(const Linop& m,
                                 const Tensor& b,
                                 Context& context,
                                 const CgOptions& options = {});

struct PowerOptions {
  int iters = 50;
  double tol = 1e-4;
  std::optional<Tensor> v0;
  uint64_t seed = 0;               // of the random start without v0
  std::vector<std::string> batch;  // dims of independent problems
};
struct PowerResult {
  double value = 0;              // Re<v, M v> for the returned v, sign kept; the largest of a batch
  std::optional<Tensor> values;  // with batch: f64, over the batch dims
  Tensor vector;                 // of norm 1, per batch element
  SolverInfo info;               // residual: |M v - value v| / |value|
};

// The eigenvalue of M of largest magnitude and its vector, by `iters` applications and one more
// that makes the value belong to the returned vector.  Stops early when the value changes by at
// most tol, relative.
//
// shape, dtype  of the start vector, where v0 is not given and M's input has unknown extents.
// Errors: shape, dtype, device; argument; numeric; interrupted.
PowerResult power_method(const Linop& m,
                         Context& context,
                         const PowerOptions& options = {},
                         const std::optional<Shape>& shape = {},
                         DType dtype = DType::c64);

}  // namespace lunops
