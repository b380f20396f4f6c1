// SPDX-License-Identifier: MIT
#include "runtime/linop/container/planned.hpp"

#include "runtime/linop/container/normal.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

PlannedCore::PlannedCore(Node op, std::shared_ptr<PlanReport> report, PlanChoices choices)
    : Core(composition_of(op), ""),
      op_(std::move(op)),
      report_(std::move(report)),
      choices_(choices) {}

Field PlannedCore::field() const noexcept { return op_.core->field(); }

std::vector<Node> PlannedCore::factors(Mode mode) const { return {with_mode(op_, mode)}; }

bool PlannedCore::is_self_adjoint() const noexcept {
  return op_.form == nullptr && op_.core->is_self_adjoint();
}

bool PlannedCore::is_isometry(Mode mode) const noexcept {
  const Node node = with_mode(op_, mode);
  return node.core->is_isometry(node.mode);
}

std::optional<double> PlannedCore::norm_bound() const { return op_.core->norm_bound(); }

std::optional<Node> PlannedCore::exact_normal(Mode mode, const Node* inner) const {
  return make_normal(with_mode(op_, mode), inner);
}

bool PlannedCore::same(const Core& other) const {
  return same_node(op_, static_cast<const PlannedCore&>(other).op_);
}

// Another operator, which nobody has planned, of the same tiles.
std::shared_ptr<const Core> PlannedCore::rebuilt(Parts parts) const {
  return std::make_shared<PlannedCore>(
      parts.children.front(), std::make_shared<PlanReport>(report_->expected(), report_->tiles()),
      choices_);
}

Tile PlannedCore::cut(const TileRequest& request) const { return lunops::cut(op_, request); }

void PlannedCore::complete(Mode mode, const Shape& in, Shape& out) const {
  const Shape made = output_of(with_mode(op_, mode), in);
  for (int d = 0; d < out.ndim(); ++d) {
    if (out.extent(d) == kUnknown) out = out.with_extent(d, made.extent(d));
  }
}

void PlannedCore::lower(
    Builder& b, Mode mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.lower(with_mode(op_, mode), choices_, x, y, s);
}

const PlannedCore* as_planned(const Node& node) noexcept {
  return node.form == nullptr ? dynamic_cast<const PlannedCore*>(node.core.get()) : nullptr;
}

}  // namespace lunops
