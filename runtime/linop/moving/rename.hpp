// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/moving/paired.hpp"

namespace lunops {

// The same elements under other names, by position.
class RenameCore final : public PairedCore {
 public:
  using PairedCore::PairedCore;

  std::string_view kind() const noexcept override { return "Rename"; }
  // Aᴴ M A is M under the names of the input.
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core&) const override { return true; }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  std::optional<Operand> view(Mode, const Operand& x) const override;
};

}  // namespace lunops
