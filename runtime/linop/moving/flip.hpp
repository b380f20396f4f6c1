// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/moving/paired.hpp"

namespace lunops {

// y[N-1-i] = x[i] on the dims that change their name.
class FlipCore final : public PairedCore {
 public:
  using PairedCore::PairedCore;

  std::string_view kind() const noexcept override { return "Flip"; }
  bool is_self_adjoint() const noexcept override {
    return signature(Mode::forward) == signature(Mode::adjoint);
  }
  bool same(const Core&) const override { return true; }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  std::optional<Operand> view(Mode, const Operand& x) const override;
};

}  // namespace lunops
