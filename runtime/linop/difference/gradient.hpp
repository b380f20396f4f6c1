// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"
#include "runtime/linop/difference/boundary.hpp"

namespace lunops {

// Forward differences along some dims, stacked along a new dim of the output.  Its normal is a
// Laplacian, negated.
class GradientCore final : public Core {
 public:
  // Which of the differences, by number of the pair, the stack dim holds.
  using Parts = std::vector<int>;
  GradientCore(Boundary boundary,
               std::vector<double> spacings,
               Parts parts,
               int stack,
               std::vector<TermPair> pairs,
               Signature signature,
               std::string name);

  std::string_view kind() const noexcept override { return "Gradient"; }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override;
  Mode canonical(Mode mode) const noexcept override;
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  std::optional<double> norm_bound() const override;
  bool same(const Core& other) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  Boundary boundary_;
  std::vector<double> spacings_;  // by pair
  Parts parts_;
  int stack_;  // number of the output's term that is stacked
  std::vector<TermPair> pairs_;
};

}  // namespace lunops
