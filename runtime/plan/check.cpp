// SPDX-License-Identifier: MIT
#include "runtime/plan/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/plan/law_errors.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

namespace {

Tensor conj_of(const Tensor& x, Context& context) {
  return is_complex(x.dtype()) ? unary(Unary::conj, x, context) : x.clone(context);
}

class Checker {
 public:
  Checker(const Linop& a, const CheckOptions& options, Context& context)
      : a_(a), options_(options), context_(context) {
    const Shape input = options.input ? *options.input : a.ishape();
    if (!input.is_known())
      fail(Code::shape, "check",
           "{} has unknown extents in {{{}}}; give the shape of its input as input = \"…\"",
           a.label(), input.text());
    x_ = draw(input, options.dtype);
    const auto [output, dtype] = a.result(x_);
    y_ = draw(output, dtype);
    // No operator sums more than all of its input and output.
    tolerance_ = law_tolerance(std::max<int64_t>(2, input.count() + output.count()), options.dtype);
  }

  std::vector<LawResult> all() {
    // Of an operator that has no adjoint only the forward direction is there.
    const bool has_adjoint = a_.core()->without_adjoint() == nullptr;
    if (has_adjoint) adjoint();
    linear();
    if (has_adjoint) normal();
    if (has_adjoint && !a_.is_real_linear()) modes();
    scales();
    batch();
    rewriting();
    return std::move(results_);
  }

 private:
  Tensor draw(const Shape& shape, DType dtype) {
    return randn(shape, dtype, options_.seed + draws_++, context_);
  }
  void add(const char* law, double error, double tolerance) {
    // A NaN is the worst that can be.
    results_.push_back(
        {law, std::isnan(error) ? std::numeric_limits<double>::infinity() : error, tolerance});
  }

  LawFunction function(const Linop& a) {
    return [a, this](const Tensor& x) { return a(x, context_); };
  }

  void adjoint() {
    const AdjointError found =
        adjoint_error(function(a_), function(a_.H()), x_, y_, a_.is_real_linear(), context_);
    add("adjoint", found.error, tolerance_);
  }

  void linear() {
    const bool is_free = is_complex(x_.dtype()) && !a_.is_real_linear();
    double error = linear_error(function(a_), x_, draw(x_.shape(), x_.dtype()), is_free, context_);
    if (norm(a_(zeros(x_.shape(), x_.dtype(), context_), context_), context_) != 0.0) error = 1;
    add("linear", error, 2 * tolerance_);
  }

  void normal() {
    const Tensor expected = a_.H()(a_(x_, context_), context_);
    add("normal", relative_distance(a_.N()(x_, context_), expected, context_), options_.tol);
    add("normal, unrewritten",
        relative_distance(apply_planned(a_.N(), x_, context_, {.rewrite = false}), expected,
                          context_),
        2 * tolerance_);
  }

  void modes() {
    const Tensor transposed = conj_of(a_.H()(conj_of(y_, context_), context_), context_);
    add("transpose", relative_distance(a_.T()(y_, context_), transposed, context_), tolerance_);
    const Tensor conjugate = conj_of(a_(conj_of(x_, context_), context_), context_);
    add("conj", relative_distance(a_.conj()(x_, context_), conjugate, context_), tolerance_);
  }

  void scales() {
    const Tensor ax = a_(x_, context_);
    double error = 0;
    for (const auto& [alpha, beta] :
         {std::pair(1.0, 0.0), std::pair(-0.5, 1.0), std::pair(0.0, -0.5), std::pair(2.0, 0.5)}) {
      const double nan = std::numeric_limits<double>::quiet_NaN();
      const Tensor out =
          beta == 0.0 ? full(y_.shape(), nan, y_.dtype(), context_) : y_.clone(context_);
      a_.apply(x_, out, {alpha, beta}, context_);
      const Tensor expected = y_.clone(context_);
      axpby(alpha, ax, beta, expected, context_);
      const double scale =
          std::abs(alpha) * norm(ax, context_) + std::abs(beta) * norm(y_, context_);
      const double off = norm(binary(Binary::subtract, out, expected, context_), context_);
      error = std::max(error, std::isnan(off) ? 1.0 : scale == 0.0 ? off : off / scale);
    }
    add("scales", error, 2 * tolerance_);
  }

  // The operator on stacked inputs is the stacked results.
  void batch() {
    if (!a_.signature().is_open() || !x_.shape().is_named()) return;
    std::string name = "batch";
    while (x_.shape().find_base(Dim::parse(name).name) >= 0 || a_.signature().has(Dim::parse(name)))
      name += "_";
    std::vector<Dim> dims = {Dim::parse(name)};
    std::vector<int64_t> extents = {2};
    dims.insert(dims.end(), x_.shape().dims().begin(), x_.shape().dims().end());
    extents.insert(extents.end(), x_.shape().extents().begin(), x_.shape().extents().end());
    const Tensor stack = draw(Shape(dims, extents), x_.dtype());
    const Tensor y = a_(stack, context_);
    double error = 0;
    for (int64_t i = 0; i < 2; ++i) {
      const Tensor one = a_(stack.select(0, i).contiguous(context_), context_);
      error = std::max(error, relative_distance(y.select(0, i), one, context_));
    }
    add("batch", error, tolerance_);
  }

  void rewriting() {
    const Tensor plain = apply_planned(a_, x_, context_, {.rewrite = false});
    add("rewriting", relative_distance(a_(x_, context_), plain, context_), options_.tol);
  }

  const Linop& a_;
  const CheckOptions& options_;
  Context& context_;
  Tensor x_, y_;
  uint64_t draws_ = 0;
  double tolerance_ = 0;
  std::vector<LawResult> results_;
};

}  // namespace

std::vector<LawResult> check_laws(const Linop& a, Context& context, const CheckOptions& options) {
  if (const auto device = a.device(); device && *device != context.device) {
    Context here = on_device(*device, context);
    return check_laws(a, here, options);
  }
  return Checker(a, options, context).all();
}

}  // namespace lunops
