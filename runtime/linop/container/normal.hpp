// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/container/wiring.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

// Aᴴ A, or Aᴴ M A.  How it is carried out is decided when planning.
class NormalCore final : public Core {
 public:
  // `places` as those of a Chain.
  NormalCore(Node a, std::optional<Node> inner, Composition composition, InnerPlaces places = {});

  std::string_view kind() const noexcept override { return "Normal"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override;
  bool is_self_adjoint() const noexcept override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  std::shared_ptr<Workers> workers() const override { return a_.core->workers(); }
  Tile cut(const TileRequest& request) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  std::vector<Node> factors(Mode mode) const override;  // Aᴴ, M, A

 private:
  // The normal of a tile of A, where that is what the request asks for.
  std::optional<Tile> cut_inside(const TileRequest& request) const;

  Node a_;
  std::optional<Node> middle_;
  InnerPlaces places_;
};

const NormalCore* as_normal(const Node& node) noexcept;  // null if the node renames it

// The exact form that A's entry gives, else the product.
Node make_normal(const Node& a, const Node* inner);

}  // namespace lunops
