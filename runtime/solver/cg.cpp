// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/solver/monitor.hpp"
#include "runtime/solver/solver.hpp"
#include "runtime/solver/vector_space.hpp"

namespace lunops {
namespace {

// One of the independent problems: b of a batch element and where its solution stands.
struct Element {
  bool is_done = false;
  Reason reason = Reason::iters;
  int iterations = 0;
  double b_norm = 0;
  double residual = 0;  // |r| / |b|; 0 for b = 0

  void end(Reason why) {
    is_done = true;
    reason = why;
  }
};

void check_operator(std::string_view role, const Linop& m, const Tensor& b) {
  const auto [shape, dtype] = m.result(b);
  if (shape.without_primes() != b.shape().without_primes()) {
    fail(Code::shape, "cg",
         "{} maps the dims {} of the right-hand side to {}; it must keep them: for least squares "
         "pass A.N and A.H(y)",
         role, b.shape().braced(), shape.braced());
  }
  if (dtype != b.dtype()) {
    fail(Code::dtype, "cg", "{} gives {} for a right-hand side of {}; convert it with b:as \"{}\"",
         role, name_of(dtype), name_of(b.dtype()), name_of(dtype));
  }
}

void check(const Linop& m, const Tensor& b, const CgOptions& options) {
  if (options.iters < 0) {
    fail(Code::argument, "cg", "'iters' is {}; it must be 0 or more", options.iters);
  }
  if (options.tol && !(*options.tol >= 0)) {
    fail(Code::argument, "cg", "'tol' is {}; it must be 0 or more, or false", *options.tol);
  }
  if (options.refresh < 0) {
    fail(Code::argument, "cg", "'refresh' is {}; it must be 0 or more", options.refresh);
  }
  if (!is_floating(b.dtype())) {
    fail(Code::dtype, "cg", "the right-hand side is {}; convert it with b:as \"c64\"",
         name_of(b.dtype()));
  }
  check_operator("M", m, b);
  if (options.precond) check_operator("the preconditioner", *options.precond, b);
  if (options.x0) {
    const Tensor& x0 = *options.x0;
    if (x0.shape().without_primes() != b.shape().without_primes()) {
      fail(Code::shape, "cg", "'x0' is {} and the right-hand side is {}; they must be equal",
           x0.shape().braced(), b.shape().braced());
    }
    if (x0.dtype() != b.dtype()) {
      fail(Code::dtype, "cg", "'x0' is {} and the right-hand side is {}; use x0:as \"{}\"",
           name_of(x0.dtype()), name_of(b.dtype()), name_of(b.dtype()));
    }
  }
}

// The vectors and scalars of a solve.  Names are those of the algorithm: r = b - M x, z = P r,
// q = M p, rho = <r, z>, delta = <p, q>.
class Run {
 public:
  Run(const Linop& m, const Tensor& b, Context& context, const CgOptions& options)
      : m_(m),
        b_(b),
        context_(context),
        options_(options),
        space_("cg", b.shape().without_primes(), b.dtype(), options.batch, context),
        elements_(space_.elements()),
        alpha_(space_.elements()),
        beta_(space_.elements()),
        delta_(space_.elements()),
        rho_(space_.elements()),
        previous_rho_(space_.elements()),
        rr_(space_.elements()),
        pp_(space_.elements()),
        qq_(space_.elements()) {
    x_ = space_.vector();
    r_ = space_.copy_of(b);
    space_.norm2(r_, rr_);
    for (size_t i = 0; i < elements_.size(); ++i) {
      elements_[i].b_norm = std::sqrt(rr_[i]);
      elements_[i].residual = rr_[i] > 0 ? 1 : 0;
      if (!std::isfinite(rr_[i])) {
        fail(Code::numeric, "cg",
             "the right-hand side is not finite: its norm is {}; look for NaN or infinity in the "
             "data and in what made it",
             elements_[i].b_norm);
      }
      if (rr_[i] == 0) elements_[i].end(Reason::exact);
    }
  }

  std::pair<Tensor, SolverInfo> solve() {
    if (is_done()) {
      fill(x_, 0.0, context_);
      return finish(nullptr);
    }
    p_ = space_.vector();
    q_ = space_.vector();
    z_ = options_.precond ? space_.vector() : r_;
    info_.setup_seconds = prepare(m_, p_, context_, options_.iters + (options_.x0 ? 1 : 0));
    if (options_.precond) {
      info_.setup_seconds += prepare(*options_.precond, r_, context_, options_.iters);
    }
    Monitor monitor("cg", options_, context_);
    start();
    monitor.start(worst());
    while (!is_done() && iteration_ < options_.iters) {
      step();
      if (!has_moved_) break;
      const auto stop = monitor.after(iteration_, worst(), x_);
      if (stop) end_all(*stop);
      if (is_done() || iteration_ == options_.iters) break;
      if (options_.refresh > 0 && iteration_ % options_.refresh == 0) refresh();
      turn();
    }
    monitor.finish(iteration_, worst());
    return finish(&monitor);
  }

 private:
  // r = b - M x0, z = P r, p = z.
  void start() {
    if (options_.x0) {
      space_.copy(*options_.x0, x_);
      for (size_t i = 0; i < elements_.size(); ++i) {
        if (elements_[i].is_done) space_.zero(i, x_);  // b = 0: the solution is 0, not x0
      }
      subtract_product(r_);
      space_.norm2(r_, rr_);
    } else {
      fill(x_, 0.0, context_);
    }
    judge();
    precondition();
    space_.copy(z_, p_);
  }

  // r <- r - M x
  void subtract_product(const Tensor& r) {
    m_.apply(x_, r, {-1.0, 1.0}, context_);
    ++info_.applications;
  }

  // z = P r and rho = <r, z>; a preconditioner that is not positive ends the element.
  void precondition() {
    if (!options_.precond) {
      rho_ = rr_;
      return;
    }
    options_.precond->apply(r_, z_, {}, context_);
    space_.dot(r_, z_, delta_);
    for (size_t i = 0; i < elements_.size(); ++i) {
      rho_[i] = delta_[i].real();
      if (elements_[i].is_done) continue;
      require_finite("<r, P r>", rho_[i]);
      if (rho_[i] < 0) elements_[i].end(Reason::indefinite);
      if (rho_[i] == 0) elements_[i].end(Reason::breakdown);
    }
  }

  // One step along p: x += alpha p, r -= alpha q.  Elements that are done have alpha = 0.
  void step() {
    m_.apply(p_, q_, {}, context_);
    ++info_.applications;
    ++iteration_;
    space_.products(p_, q_, delta_, pp_, qq_);
    has_moved_ = false;
    for (size_t i = 0; i < elements_.size(); ++i) {
      alpha_[i] = 0;
      if (elements_[i].is_done) continue;
      guard(i);
      if (elements_[i].is_done) continue;
      alpha_[i] = rho_[i] / delta_[i].real();
      elements_[i].iterations = iteration_;
      has_moved_ = true;
    }
    if (!has_moved_) {
      --iteration_;
      return;
    }
    previous_rho_ = rho_;
    space_.update(alpha_, p_, q_, x_, r_, rr_);
    x_.storage()->touch();
    judge();
  }

  // Whether delta = <p, M p> is that of a positive operator.
  void guard(size_t i) {
    const double scale = std::sqrt(pp_[i]) * std::sqrt(qq_[i]);
    const double u = space_.roundoff();
    const double re = delta_[i].real(), im = m_.is_real_linear() ? 0.0 : delta_[i].imag();
    require_finite("<p, M p>", re + im);
    if (re < -4 * u * scale || std::abs(im) > std::sqrt(u) * scale) {
      elements_[i].end(Reason::indefinite);
    } else if (std::abs(re) <= 4 * u * scale) {
      elements_[i].end(Reason::breakdown);
    }
  }

  // The residuals of the elements that go on, and their test.
  void judge() {
    for (size_t i = 0; i < elements_.size(); ++i) {
      Element& e = elements_[i];
      if (e.is_done) continue;
      require_finite("|r|^2", rr_[i]);
      e.residual = std::sqrt(rr_[i]) / e.b_norm;
      if (rr_[i] == 0) {
        e.end(Reason::exact);
      } else if (options_.tol && e.residual <= *options_.tol) {
        e.end(Reason::tol);
      }
    }
  }

  // The recurrence of r drifts from b - M x by rounding: take the latter.
  void refresh() {
    space_.copy(b_, q_);
    subtract_product(q_);
    space_.subtract(q_, r_);
    space_.norm2(r_, qq_);  // of the difference
    space_.copy(q_, r_);
    space_.norm2(r_, rr_);
    for (size_t i = 0; i < elements_.size(); ++i) {
      Element& e = elements_[i];
      if (e.is_done || !options_.tol) continue;
      const double drift = std::sqrt(qq_[i]) / e.b_norm;
      if (drift > 10 * *options_.tol) {
        context_.warn("cg", fmt::format("at iteration {} the residual of the recurrence is off by "
                                        "{:.2g}|b|, more than 10 tol; M may be less exact than tol",
                                        iteration_, drift));
      }
    }
  }

  // The next direction: z = P r, p = z + (rho'/rho) p.
  void turn() {
    precondition();
    for (size_t i = 0; i < elements_.size(); ++i) {
      beta_[i] = elements_[i].is_done ? 0.0 : rho_[i] / previous_rho_[i];
    }
    space_.direction(beta_, z_, p_);
  }

  void require_finite(std::string_view quantity, double value) const {
    if (std::isfinite(value)) return;
    fail(Code::numeric, "cg",
         "{} is {} at iteration {}; look for NaN or infinity in the operator's weights", quantity,
         value, iteration_);
  }

  bool is_done() const {
    return std::all_of(elements_.begin(), elements_.end(),
                       [](const Element& e) { return e.is_done; });
  }
  void end_all(Reason why) {
    for (Element& e : elements_) {
      if (!e.is_done) e.end(why);
    }
  }
  double worst() const {
    double worst = 0;
    for (const Element& e : elements_) worst = std::max(worst, e.residual);
    return worst;
  }

  std::pair<Tensor, SolverInfo> finish(const Monitor* monitor) {
    const auto converged = [](Reason r) { return r == Reason::tol || r == Reason::exact; };
    info_.algorithm = "cg";
    info_.iterations = iteration_;
    info_.residual = worst();
    if (monitor != nullptr) {
      info_.seconds = monitor->seconds();
      info_.history = monitor->history();
    } else {
      info_.history = {0.0};
    }
    // The reason of the first element that did not converge, or else of the last that did.
    info_.converged = true;
    info_.reason = Reason::exact;
    for (const Element& e : elements_) {
      if (!info_.converged) break;
      if (!converged(e.reason) || e.reason == Reason::tol) info_.reason = e.reason;
      info_.converged = converged(e.reason);
    }
    info_.peak = context_.account->figures().peak;
    if (!options_.batch.empty()) finish_batch();
    return {x_, std::move(info_)};
  }

  void finish_batch() {
    Context host = on_device(Device::host(), context_);
    const Tensor iterations = Tensor::empty(space_.batch_shape(), DType::i64, host);
    const Tensor residual = Tensor::empty(space_.batch_shape(), DType::f64, host);
    for (size_t i = 0; i < elements_.size(); ++i) {
      iterations.data_as<int64_t>()[i] = elements_[i].iterations;
      residual.data_as<double>()[i] = elements_[i].residual;
      info_.batch_reason.push_back(elements_[i].reason);
    }
    info_.batch_iterations = iterations;
    info_.batch_residual = residual;
  }

  const Linop& m_;
  const Tensor& b_;
  Context& context_;
  const CgOptions& options_;
  VectorSpace space_;
  std::vector<Element> elements_;
  Tensor x_, r_, z_, p_, q_;
  std::vector<c128> alpha_, beta_, delta_;
  std::vector<double> rho_, previous_rho_, rr_, pp_, qq_;
  int iteration_ = 0;
  bool has_moved_ = false;  // the last step changed x
  SolverInfo info_;
};

}  // namespace

std::pair<Tensor, SolverInfo> cg(const Linop& m,
                                 const Tensor& b,
                                 Context& context,
                                 const CgOptions& options) {
  check(m, b, options);
  if (b.device() != context.device) {
    Context here = on_device(b.device(), context);
    return Run(m, b, here, options).solve();
  }
  return Run(m, b, context, options).solve();
}

}  // namespace lunops
