// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// y[o] = sum over in-only dims of W x; dims of W on both sides are kept.
class DenseCore final : public Core {
 public:
  // How its normal runs.
  enum class Normal : uint8_t { automatic, pair, fused };
  // `terms`: the dims of W in memory order, by the terms of the forward signature.
  DenseCore(WeightPtr weight,
            Side terms,
            Signature signature,
            std::string name,
            Normal normal = Normal::automatic);

  std::string_view kind() const noexcept override { return "Dense"; }
  Field field() const noexcept override {
    return weight_->is_complex() ? Field::complex : Field::real;
  }
  std::string details() const override;
  Weights weights() const override { return {weight_}; }
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<DenseCore>(parts.weights.front(), terms_, signature(), parts.name,
                                       normal_);
  }
  Tensor weight_gradient(size_t, const Tensor& x, const Tensor& v, Context&) const override;
  Tile cut(const TileRequest& request) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const WeightPtr& weight() const noexcept { return weight_; }
  const Side& terms() const noexcept { return terms_; }
  Normal normal() const noexcept { return normal_; }
  // Terms that stand on one side of the forward signature only.
  Side in_only() const;
  Side out_only() const;

 private:
  WeightPtr weight_;
  Side terms_;
  Normal normal_;
};

const DenseCore* as_dense(const Node& node) noexcept;  // null if the node renames it

// Aᴴ M A as one operator: a Dense, or a Diagonal where A has no in-only dims.  `middle` is null or
// a Diagonal over dims of the weight; nothing if it is not.
struct FusedDense {
  Node node;
  double n = 1, m = 1;  // products of the extents that A sums over and produces
  size_t elements = 0;  // of the fused weight
};
std::optional<FusedDense> fuse_dense(const Node& a, const Node* middle, SumOrder order);

}  // namespace lunops
