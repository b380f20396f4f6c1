// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// y = x.
class IdentityCore final : public Core {
 public:
  using Core::Core;
  std::string_view kind() const noexcept override { return "Identity"; }
  Field field() const noexcept override { return Field::real; }
  bool is_self_adjoint() const noexcept override { return true; }
  Mode canonical(Mode) const noexcept override { return Mode::forward; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core&) const override { return true; }
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<IdentityCore>(signature(), parts.name);
  }
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  std::optional<Operand> view(Mode, const Operand& x) const override;
};

// The identity on the input of an operator with equal sides.
std::shared_ptr<const Core> identity_like(const Signature& signature);

}  // namespace lunops
