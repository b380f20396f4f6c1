// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/pointwise.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

// A sum of products of Diagonals, Conjs, Casts and scalars as one kernel: made by rewriting.
class PointwiseCore final : public Core {
 public:
  struct Term {
    c128 scale{1.0, 0.0};       // acts last
    std::vector<Node> factors;  // of these kinds, without forms; the last acts first
  };
  PointwiseCore(std::vector<Term> terms, Signature signature)
      : Core(std::move(signature), ""), terms_(std::move(terms)) {}

  std::string_view kind() const noexcept override { return "pointwise"; }
  Field field() const noexcept override;
  DType result_dtype(Mode, DType in) const override;
  bool is_real_linear() const override;
  bool same(const Core& other) const override { return this == &other; }
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const std::vector<Term>& terms() const noexcept { return terms_; }

 private:
  std::vector<Term> terms_;
};

const PointwiseCore* as_pointwise(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
