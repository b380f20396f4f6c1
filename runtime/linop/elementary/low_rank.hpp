// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// U diag(s) V^H as a product of three, or two; the matrix is never formed.
class LowRankCore final : public Core {
 public:
  // `factors`: a Dense that makes the output dims from the rank dim, what stands in the middle, and
  // the adjoint of a Dense that makes the input dims.
  LowRankCore(std::vector<Node> factors,
              bool is_orthonormal,
              bool is_self_adjoint,
              Composition composition,
              std::string name);

  std::string_view kind() const noexcept override { return "LowRank"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override { return factors_; }
  std::vector<Node> factors(Mode mode) const override;
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  // For copies on another device: other factors may lack what the normal relies on.
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  std::vector<Node> factors_;
  bool is_orthonormal_;  // the columns of U, and those of V
  bool is_self_adjoint_;
};

}  // namespace lunops
