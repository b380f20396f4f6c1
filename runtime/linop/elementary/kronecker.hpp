// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// A on its dims and B on its dims, each seeing the other's as batch dims: "a b -> c d".
class KroneckerCore final : public Core {
 public:
  KroneckerCore(Node a, Node b, Signature signature, std::string name);

  std::string_view kind() const noexcept override { return "Kronecker"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override { return {a_, b_}; }
  DType result_dtype(Mode mode, DType in) const override;
  bool is_self_adjoint() const noexcept override;
  bool is_isometry(Mode mode) const noexcept override;
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const Node& left() const noexcept { return a_; }
  const Node& right() const noexcept { return b_; }

 private:
  Node a_, b_;
};

// The Kronecker product of two nodes; throws Error{shape} where their dims do not go together.
Node kronecker(const Node& a, const Node& b, std::string name);
const KroneckerCore* as_kronecker(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
