// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/device/native.hpp"
#include "runtime/solver/cg_passes.hpp"
#include "runtime/solver/monitor.hpp"
#include "runtime/solver/repeated.hpp"
#include "runtime/solver/solver.hpp"

namespace lunops {
namespace {

constexpr int64_t kMostUnseen = 1 << 22;  // residuals that are kept on a GPU

// One of the independent problems: b of a batch element and where its solution stands.
struct Element {
  bool is_done = false;
  Reason reason = Reason::iters;
  int iterations = 0;
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
    if (x0.device() != b.device()) {
      fail(Code::device, "cg", "'x0' is on {} and the right-hand side on {}; use x0:to \"{}\"",
           x0.device().text(), b.device().text(), b.device().text());
    }
    if (x0.dtype() != b.dtype()) {
      fail(Code::dtype, "cg", "'x0' is {} and the right-hand side is {}; use x0:as \"{}\"",
           name_of(x0.dtype()), name_of(b.dtype()), name_of(b.dtype()));
    }
  }
}

// The vectors of a solve.  Names are those of the algorithm: r = b - M x, z = P r, q = M p.  The
// scalars stay on the device (CgScalars); the host looks at them once per iteration, on a GPU one
// iteration late unless somebody wants to see each x, and not at all there if nothing but the
// iterations' number stops the loop.
class Run {
 public:
  Run(const Linop& m, const Tensor& b, Context& context, const CgOptions& options)
      : m_(m),
        b_(b),
        context_(context),
        options_(options),
        space_("cg", b.shape().without_primes(), b.dtype(), options.batch, context),
        // Looking costs nothing on the host, and less than a long history on a GPU.
        looks_(!is_gpu(context.device) || options.tol || options.on_iteration ||
               std::isfinite(options.max_seconds) ||
               options.iters >= kMostUnseen / static_cast<int64_t>(space_.elements() + 1)),
        passes_(space_, context, looks_ ? 0 : options.iters + 1),
        elements_(space_.elements()) {
    CgScalars& scalars = passes_.scalars();
    scalars.tol = options.tol.value_or(-1.0);
    scalars.is_real_linear = m.is_real_linear();
    scalars.has_preconditioner = options.precond.has_value();
    x_ = space_.vector();
    r_ = space_.copy_of(b);
    passes_.products(r_, r_);
    passes_.advance(Stage::start);
    look();
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
    repeated_.emplace(
        applications(), passes_bytes(),
        [this] {
          turn();
          step();
        },
        context_);
    if (!looks_) {
      unseen(monitor);
    } else if (is_gpu(context_.device) && !options_.on_iteration && !asks_host()) {
      seen_late(monitor);
    } else {
      seen(monitor);
    }
    info_.graph_launches = repeated_->launches();
    monitor.finish(iteration_, worst());
    return finish(&monitor);
  }

 private:
  using Stage = CgScalars::Stage;

  // r = b - M x0, z = P r, p = z.
  void start() {
    if (options_.x0) {
      space_.copy(*options_.x0, x_);
      for (size_t i = 0; i < elements_.size(); ++i) {
        if (elements_[i].is_done) space_.zero(i, x_);  // b = 0: the solution is 0, not x0
      }
      subtract_product(r_);
      passes_.products(r_, r_);
      passes_.advance(Stage::refresh);
    } else {
      fill(x_, 0.0, context_);
    }
    passes_.advance(Stage::judge);
    precondition();
    space_.copy(z_, p_);
    look();
  }

  // r <- r - M x
  void subtract_product(const Tensor& r) {
    m_.apply(x_, r, {-1.0, 1.0}, context_);
    ++info_.applications;
  }

  // z = P r and <r, z>.
  void precondition() {
    if (!options_.precond) return;
    options_.precond->apply(r_, z_, {}, context_);
    passes_.products(r_, z_);
    passes_.advance(Stage::precondition);
  }

  // The first direction is that of start(); others are turned to after the step before.
  void iterate() {
    if (iteration_ == 0) {
      step();
    } else {
      if (options_.refresh > 0 && iteration_ % options_.refresh == 0) refresh();
      repeated_->run(options_.iters - iteration_ - 1);
    }
    ++info_.applications;
    ++iteration_;
    x_.storage()->touch();
  }

  // Issues one step along p: x += alpha p, r -= alpha q.
  void step() {
    m_.apply(p_, q_, {}, context_);
    passes_.products(p_, q_);
    passes_.advance(Stage::step);
    passes_.update(p_, q_, x_, r_);
    passes_.advance(Stage::judge);
  }

  // What turn() and step() apply.
  std::vector<Repeated::Application> applications() const {
    std::vector<Repeated::Application> all{{&m_, p_, q_}};
    if (options_.precond) all.push_back({&*options_.precond, r_, z_});
    return all;
  }

  // p, q of the products; p, q, x, r of the update, which writes two; z, p of the direction, and p
  // once more; r, z of the preconditioner's product.
  double passes_bytes() const {
    const int vectors = options_.precond ? 13 : 11;
    return vectors * static_cast<double>(b_.count()) * static_cast<double>(size_of(b_.dtype()));
  }

  // The recurrence of r drifts from b - M x by rounding: take the latter.
  void refresh() {
    const Arena::Loan loan = repeated_->lend();
    space_.copy(b_, q_);
    subtract_product(q_);
    space_.subtract(q_, r_);
    passes_.products(q_, r_);  // pp of the residual, qq of the difference
    space_.copy(q_, r_);
    passes_.advance(Stage::refresh);
    if (!options_.tol) return;
    const CgScalars& now = passes_.read();
    for (size_t i = 0; i < elements_.size(); ++i) {
      const auto k = static_cast<int64_t>(i);
      // Which may be done before the host has seen it.
      if (now.at(CgScalars::state, k) != static_cast<double>(CgState::going)) continue;
      const double drift = std::sqrt(now.at(CgScalars::qq, k)) / now.at(CgScalars::b_norm, k);
      if (drift > 10 * *options_.tol) {
        context_.warn("cg", fmt::format("at iteration {} the residual of the recurrence is off by "
                                        "{:.2g}|b|, more than 10 tol; M may be less exact than tol",
                                        iteration_, drift));
      }
    }
  }

  // Issues the next direction: z = P r, p = z + (rho'/rho) p.
  void turn() {
    precondition();
    passes_.advance(Stage::turn);
    passes_.direction(z_, p_);
  }

  // Functions of the host are called as often as there are iterations.
  bool asks_host() {
    for (const Repeated::Application& each : applications()) {
      const auto& [a, x, y] = each;
      if (a->core()->plans().get(a->node(), x, &y, context_)->asks_host()) return true;
    }
    return false;
  }

  void seen(Monitor& monitor) {
    while (!is_done() && iteration_ < options_.iters) {
      iterate();
      look();
      if (!has_moved(iteration_)) {
        --iteration_;
        break;
      }
      const auto stop = monitor.after(iteration_, worst(), x_);
      if (stop) end_all(*stop);
    }
  }

  // The GPU has the next iteration to do while the host looks at the one before.  One that was not
  // wanted changes nothing: problems that are done stand still.  A time limit is noticed as late.
  void seen_late(Monitor& monitor) {
    int seen = 0;
    while (!is_done() && seen < options_.iters) {
      if (iteration_ < options_.iters) {
        iterate();
        passes_.post();
      }
      if (iteration_ - seen < 2 && iteration_ < options_.iters) continue;
      look(passes_.take());
      if (!has_moved(++seen)) break;
      const auto stop = monitor.after(seen, worst(), x_);
      if (stop) end_all(*stop);
    }
    const int issued = iteration_;
    for (int i = seen + 1; i <= issued; ++i) {
      look(passes_.take());
      if (has_moved(i)) monitor.record(worst());
    }
    iteration_ = last_moved();
  }

  void unseen(Monitor& monitor) {
    while (!is_done() && iteration_ < options_.iters) {
      iterate();
      context_.poll();
      if (monitor.is_due()) {
        look();
        monitor.report(iteration_, worst());
      }
    }
    look_back(monitor);
  }

  // What the device knows of the elements.
  void look() { look(passes_.read()); }
  void look(const CgScalars& now) {
    for (size_t i = 0; i < elements_.size(); ++i) {
      Element& e = elements_[i];
      const auto k = static_cast<int64_t>(i);
      e.residual = now.at(CgScalars::residual, k);
      e.iterations = static_cast<int>(now.at(CgScalars::iterations, k));
      const auto state = static_cast<CgState>(static_cast<int>(now.at(CgScalars::state, k)));
      if (!e.is_done) settle(e, state, now.at(CgScalars::fault, k));
    }
  }

  void settle(Element& e, CgState state, double fault) {
    switch (state) {
      case CgState::going:
        return;
      case CgState::tol:
        return e.end(Reason::tol);
      case CgState::exact:
        return e.end(Reason::exact);
      case CgState::indefinite:
        return e.end(Reason::indefinite);
      case CgState::breakdown:
        return e.end(Reason::breakdown);
      case CgState::bad_start:
        fail(Code::numeric, "cg",
             "the right-hand side is not finite: its norm is {}; look for NaN or infinity in the "
             "data and in what made it",
             fault);
      case CgState::bad_product:
        return fail_not_finite("<p, M p>", fault, e.iterations);
      case CgState::bad_residual:
        return fail_not_finite("|r|^2", fault, e.iterations);
      case CgState::bad_preconditioner:
        return fail_not_finite("<r, P r>", fault, e.iterations);
    }
  }

  [[noreturn]] static void fail_not_finite(std::string_view quantity, double value, int at) {
    fail(Code::numeric, "cg",
         "{} is {} at iteration {}; look for NaN or infinity in the operator's weights", quantity,
         value, at);
  }

  // Whether this step changed x.
  bool has_moved(int iteration) const {
    return std::any_of(elements_.begin(), elements_.end(),
                       [&](const Element& e) { return e.iterations == iteration; });
  }
  int last_moved() const {
    int last = 0;
    for (const Element& e : elements_) last = std::max(last, e.iterations);
    return last;
  }

  // After a loop that was not looked at: how it went.
  void look_back(Monitor& monitor) {
    const int issued = iteration_;
    look();
    iteration_ = last_moved();
    const std::vector<double> residuals = passes_.history(issued + 1);
    const size_t n = elements_.size();
    for (size_t i = 1; i <= static_cast<size_t>(iteration_); ++i) {
      monitor.record(*std::max_element(residuals.begin() + static_cast<ptrdiff_t>(i * n),
                                       residuals.begin() + static_cast<ptrdiff_t>((i + 1) * n)));
    }
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
  bool looks_;  // once per iteration
  CgPasses passes_;
  std::vector<Element> elements_;
  Tensor x_, r_, z_, p_, q_;
  int iteration_ = 0;
  std::optional<Repeated> repeated_;
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
