// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/container/wiring.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

// A product: the last factor acts first.
class ChainCore final : public Core {
 public:
  // `places` of the inner dims where names do not tell them; none: by their names.
  ChainCore(std::vector<Node> factors,
            Composition composition,
            std::string name,
            InnerPlaces places = {})
      : Core(std::move(composition), std::move(name)),
        factors_(std::move(factors)),
        places_(std::move(places)) {}

  std::string_view kind() const noexcept override { return "Chain"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override { return factors_; }
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<ChainCore>(std::move(parts.children), Composition{signature(), inner()},
                                       parts.name, places_);
  }
  Tile cut(const TileRequest& request) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  // In the order in which they stand when the chain is seen in this mode.
  std::vector<Node> factors(Mode mode) const override;

 private:
  std::vector<Node> factors_;
  InnerPlaces places_;
};

const ChainCore* as_chain(const Node& node) noexcept;  // null if the node renames it
// The block of a product: `factors` of `core`, whose signature and inner dims are meant.
Tile cut_product(const Core& core,
                 const std::vector<Node>& factors,
                 const InnerPlaces& places,
                 const TileRequest& request);
Field field_of(const std::vector<Node>& nodes) noexcept;

}  // namespace lunops
