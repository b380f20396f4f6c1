// SPDX-License-Identifier: MIT
#pragma once

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops::test {

inline Tensor random(const char* shape, uint64_t seed = 1) {
  Context context;
  return randn(Shape::parse(shape), DType::c128, seed, context);
}

// The plan as rewritten, after its result was compared with that of the unrewritten operator.
inline std::shared_ptr<const Plan> rewritten(const Linop& a,
                                             const Tensor& x,
                                             const PlanOptions& options = {}) {
  Context context;
  const Tensor simple = apply_planned(a, x, context, options);
  const Tensor plain = apply_planned(a, x, context, {.rewrite = false});
  const double error = norm(binary(Binary::subtract, simple, plain, context), context);
  CHECK(error <= 1e-14 * (1 + norm(plain, context)));  // some roundings of c128
  return make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context, options);
}

inline size_t steps_of(const Linop& a, const Tensor& x, const PlanOptions& options = {}) {
  return rewritten(a, x, options)->steps().size();
}

// How often the rule was applied, of which explain has a line for each text.
inline size_t uses_of(std::string_view rule,
                      const Linop& a,
                      const Tensor& x,
                      const PlanOptions& options = {}) {
  size_t uses = 0;
  const auto plan = rewritten(a, x, options);
  for (const std::string& line : plan->rewritten()) {
    uses += line.starts_with(std::string(rule) + " ");
  }
  return uses;
}

}  // namespace lunops::test
