// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define LUNOPS_ON_BOTH __host__ __device__
#else
#define LUNOPS_ON_BOTH
#endif

namespace lunops {

// What a problem of conjugate gradients came to.
enum class CgState : int8_t {
  going,
  tol,
  exact,
  indefinite,
  breakdown,
  // Not finite; what it was is in `fault`.
  bad_start,
  bad_product,
  bad_residual,
  bad_preconditioner,
};

// The scalars of conjugate gradients for `count` independent problems that share their vectors'
// passes, in memory of the device of these.  r = b - M x, z = P r, q = M p.
struct CgScalars {
  // Rows of `count` doubles each; complex ones take two.
  enum Row : int8_t {
    delta = 0,  // <p, q>
    alpha = 2,
    beta = 4,
    pp = 6,   // |p|^2
    qq = 7,   // |q|^2
    rr = 8,   // |r|^2
    rho = 9,  // <r, z>
    previous_rho = 10,
    b_norm = 11,
    residual = 12,  // |r| / |b|; 0 for b = 0
    state = 13,     // CgState
    iterations = 14,
    fault = 15,
    // Sums over a part of the vectors, for problems that lie in several.
    part_delta = 16,
    part_pp = 18,
    part_qq = 19,
    part_rr = 20,
    iteration = 21,  // that the stage step began last
    rows = 22,
  };
  enum class Stage : int8_t {
    clear,             // delta, pp, qq, rr = 0
    collect_products,  // those of a part are added to those of the whole
    collect_residual,
    start,         // after pp = |b|^2
    step,          // after products: the next iteration, and its alpha
    judge,         // after rr: the residual and its test
    precondition,  // after delta = <r, z>: rho
    refresh,       // after pp = |r|^2 of a residual that was computed anew
    turn,          // beta
  };

  double* memory = nullptr;
  int64_t count = 0;
  double roundoff = 0;
  double tol = -1;  // below 0: none
  bool is_real_linear = false;
  bool has_preconditioner = false;
  double* history = nullptr;  // {iteration, problem}: residuals, if wanted
  int64_t first = 0;          // problem of a part, of the stages that collect
  int64_t part_count = 0;

  LUNOPS_ON_BOTH double* row(Row r) const { return memory + r * count; }
  LUNOPS_ON_BOTH double& at(Row r, int64_t k) const { return memory[r * count + k]; }

  // One stage for problem k.
  LUNOPS_ON_BOTH void advance(Stage stage, int64_t k) const {
    switch (stage) {
      case Stage::clear:
        at(delta, 2 * k) = at(delta, 2 * k + 1) = 0;
        at(pp, k) = at(qq, k) = at(rr, k) = 0;
        return;
      case Stage::collect_products:
        if (k >= part_count) return;
        at(delta, 2 * (first + k)) += at(part_delta, 2 * k);
        at(delta, 2 * (first + k) + 1) += at(part_delta, 2 * k + 1);
        at(pp, first + k) += at(part_pp, k);
        at(qq, first + k) += at(part_qq, k);
        return;
      case Stage::collect_residual:
        if (k < part_count) at(rr, first + k) += at(part_rr, k);
        return;
      case Stage::start:
        start_at(k);
        return;
      case Stage::step:
        step_at(k);
        return;
      case Stage::judge:
        judge_at(k);
        return;
      case Stage::precondition:
        precondition_at(k);
        return;
      case Stage::refresh:
        at(rr, k) = at(pp, k);
        if (!has_preconditioner) at(rho, k) = at(rr, k);
        return;
      case Stage::turn:
        at(beta, 2 * k) = is_going(k) ? at(rho, k) / at(previous_rho, k) : 0.0;
        at(beta, 2 * k + 1) = 0;
        return;
    }
  }

 private:
  LUNOPS_ON_BOTH bool is_going(int64_t k) const {
    return at(state, k) == static_cast<double>(CgState::going);
  }
  LUNOPS_ON_BOTH void end(int64_t k, CgState why) const { at(state, k) = static_cast<double>(why); }
  // NaN - NaN and the difference of two infinities are NaN.
  LUNOPS_ON_BOTH static bool is_finite(double x) { return x - x == 0; }
  LUNOPS_ON_BOTH bool is_bad(int64_t k, double value, CgState why) const {
    if (is_finite(value)) return false;
    at(fault, k) = value;
    at(iterations, k) = at(iteration, k);
    end(k, why);
    return true;
  }

  LUNOPS_ON_BOTH void start_at(int64_t k) const {
    at(rr, k) = at(rho, k) = at(pp, k);
    at(b_norm, k) = sqrt(at(pp, k));
    at(residual, k) = at(pp, k) > 0 ? 1 : 0;
    at(iterations, k) = at(iteration, k) = 0;
    at(alpha, 2 * k) = at(alpha, 2 * k + 1) = 0;
    end(k, at(pp, k) == 0 ? CgState::exact : CgState::going);
    is_bad(k, at(b_norm, k), CgState::bad_start);
  }

  // Problems that are done have alpha = 0.
  LUNOPS_ON_BOTH void step_at(int64_t k) const {
    at(iteration, k) += 1;
    at(previous_rho, k) = at(rho, k);
    at(alpha, 2 * k) = 0;
    if (!is_going(k)) return;
    // Whether <p, M p> is that of a positive operator.
    const double scale = sqrt(at(pp, k)) * sqrt(at(qq, k));
    const double re = at(delta, 2 * k), im = is_real_linear ? 0.0 : at(delta, 2 * k + 1);
    if (is_bad(k, re + im, CgState::bad_product)) return;
    const double magnitude = re < 0 ? -re : re;
    if (re < -4 * roundoff * scale || (im < 0 ? -im : im) > sqrt(roundoff) * scale) {
      end(k, CgState::indefinite);
    } else if (magnitude <= 4 * roundoff * scale) {
      end(k, CgState::breakdown);
    } else {
      at(alpha, 2 * k) = at(rho, k) / re;
      at(iterations, k) = at(iteration, k);
    }
  }

  LUNOPS_ON_BOTH void judge_at(int64_t k) const {
    if (is_going(k) && !is_bad(k, at(rr, k), CgState::bad_residual)) {
      at(residual, k) = sqrt(at(rr, k)) / at(b_norm, k);
      if (at(rr, k) == 0) {
        end(k, CgState::exact);
      } else if (tol >= 0 && at(residual, k) <= tol) {
        end(k, CgState::tol);
      }
    }
    if (!has_preconditioner) at(rho, k) = at(rr, k);
    const auto now = static_cast<int64_t>(at(iteration, k));
    if (history != nullptr) history[now * count + k] = at(residual, k);
  }

  // A preconditioner that is not positive ends the problem.
  LUNOPS_ON_BOTH void precondition_at(int64_t k) const {
    at(rho, k) = at(delta, 2 * k);
    if (!is_going(k) || is_bad(k, at(rho, k), CgState::bad_preconditioner)) return;
    if (at(rho, k) < 0) end(k, CgState::indefinite);
    if (at(rho, k) == 0) end(k, CgState::breakdown);
  }
};

}  // namespace lunops
