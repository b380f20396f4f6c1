// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "runtime/linop/core.hpp"
#include "runtime/plan/figures.hpp"

namespace lunops {

// An operator that was planned: the operator as the planner left it, with a report of what it
// takes.
class PlannedCore final : public Core {
 public:
  PlannedCore(Node op, std::shared_ptr<PlanReport> report, PlanChoices choices);

  const Node& op() const noexcept { return op_; }
  const std::shared_ptr<PlanReport>& report() const noexcept { return report_; }
  const PlanChoices& choices() const noexcept { return choices_; }

  std::string_view kind() const noexcept override { return "Plan"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override { return {op_}; }
  std::vector<Node> factors(Mode mode) const override;
  std::string details() const override { return report_->tiles(); }
  bool is_self_adjoint() const noexcept override;
  bool is_isometry(Mode mode) const noexcept override;
  std::optional<double> norm_bound() const override;
  std::optional<Node> exact_normal(Mode mode, const Node* inner) const override;
  std::shared_ptr<Workers> workers() const override { return op_.core->workers(); }
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  Node op_;
  std::shared_ptr<PlanReport> report_;
  PlanChoices choices_;
};

// Of a node without a form; null for other operators.
const PlannedCore* as_planned(const Node& node) noexcept;

}  // namespace lunops
