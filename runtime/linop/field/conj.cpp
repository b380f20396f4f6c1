// SPDX-License-Identifier: MIT
#include "runtime/linop/field/conj.hpp"

#include "runtime/linop/elementary/identity.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/linop/tile.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

std::optional<Node> ConjCore::exact_normal(Mode, const Node* inner) const {
  if (inner != nullptr) return std::nullopt;
  return Node{identity_like(signature()), Mode::forward, nullptr};
}

std::shared_ptr<const Core> ConjCore::shown_as(const Signature& form) const {
  return std::make_shared<ConjCore>(form, name());
}

Tile ConjCore::cut(const TileRequest& request) const { return cut_kept(*this, request); }

void ConjCore::lower(
    Builder& b, Mode, const Operand& x, const Operand& y, const StepScale& s) const {
  b.add(axpby_step(make_ref(x), true, make_ref(y, x.shape.extents(), y.strides), s));
}

Linop Conj(std::string_view text, const LinopOptions& options) {
  return Linop(std::make_shared<ConjCore>(one_sided("Conj", text, options), options.name));
}

}  // namespace lunops
