// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// The conjugate; for Re<.,.> its own adjoint and inverse.
class ConjCore final : public Core {
 public:
  using Core::Core;

  std::string_view kind() const noexcept override { return "Conj"; }
  Field field() const noexcept override { return Field::complex; }
  bool is_real_linear() const override { return true; }
  bool is_self_adjoint() const noexcept override { return true; }
  bool is_isometry(Mode) const noexcept override { return true; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core&) const override { return true; }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
};

}  // namespace lunops
