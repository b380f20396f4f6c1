// SPDX-License-Identifier: MIT
#include "runtime/plan/planner.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/container/planned.hpp"
#include "runtime/plan/search.hpp"

namespace lunops {

Linop as_plan(const PlannedOperator& planned) {
  return Linop(std::make_shared<PlannedCore>(
      planned.op.node(), std::make_shared<PlanReport>(planned.estimate, planned.tiles),
      planned.choices));
}

std::shared_ptr<const PlanReport> report_of(const Linop& a) {
  const PlannedCore* core = as_planned(a.node());
  return core == nullptr ? nullptr : core->report();
}

Linop planned_operator(const Linop& plan) {
  const PlannedCore* core = as_planned(plan.node());
  if (core == nullptr)
    fail(Code::argument, "plan", "{} is no plan; lo.plan makes one", plan.label());
  return Linop(with_mode(core->op(), plan.node().mode));
}

PlannedOperator plan_operator(const Linop& a, const PlanRequest& request, Context& context) {
  return Search(a, request, context).run();
}

}  // namespace lunops
