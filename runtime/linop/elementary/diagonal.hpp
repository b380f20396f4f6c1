// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// y = w x elementwise; dims that w lacks are broadcast.
class DiagonalCore final : public Core {
 public:
  // `terms`: the dims of the weight, among those of the signature, in the weight's order.
  DiagonalCore(WeightPtr weight, Side terms, Signature signature, std::string name);

  std::string_view kind() const noexcept override { return "Diagonal"; }
  Field field() const noexcept override {
    return weight_->is_complex() ? Field::complex : Field::real;
  }
  bool is_self_adjoint() const noexcept override { return !weight_->is_complex(); }
  Mode canonical(Mode mode) const noexcept override;
  std::string details() const override;
  Weights weights() const override { return {weight_}; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<DiagonalCore>(parts.weights.front(), terms_, signature(), parts.name);
  }
  Tensor weight_gradient(size_t, const Tensor& x, const Tensor& v, Context&) const override;
  Tile cut(const TileRequest& request) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const WeightPtr& weight() const noexcept { return weight_; }
  const Side& terms() const noexcept { return terms_; }

 private:
  WeightPtr weight_;
  Side terms_;
};

// The Diagonal behind a node that shows it under its own names, or null.
const DiagonalCore* as_diagonal(const Node& node) noexcept;
std::optional<Node> diagonal_power(const Node& node, double exponent);

// Dims of a shape as terms, for aligning weights with data: position i is the term of the side that
// lies there, or an empty dim for batch dims.
Side terms_at(const Side& side, const Places& at, int ndim);

}  // namespace lunops
