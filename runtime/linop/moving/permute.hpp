// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/moving/paired.hpp"

namespace lunops {

// The same dims in another order.
class PermuteCore final : public PairedCore {
 public:
  PermuteCore(Signature signature, std::string name)
      : PairedCore({}, std::move(signature), std::move(name)) {}

  std::string_view kind() const noexcept override { return "Permute"; }
  bool same(const Core&) const override { return true; }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override { return cut_kept(*this, request); }
  std::optional<Operand> view(Mode, const Operand& x) const override;
};

}  // namespace lunops
