// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// Repeat copies along new dims, SumReduce sums over dims; each is the other's adjoint.  The side
// with more dims is the wide one.
class RepeatCore final : public Core {
 public:
  RepeatCore(bool is_sum, Signature signature, std::string name)
      : Core(std::move(signature), std::move(name)), is_sum_(is_sum) {}

  std::string_view kind() const noexcept override { return is_sum_ ? "SumReduce" : "Repeat"; }
  Field field() const noexcept override { return Field::real; }
  Mode canonical(Mode mode) const noexcept override;
  // Repeat: the number of copies times the identity.
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core&) const override { return true; }
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  // Strides of 0 along the new dims.
  std::optional<Operand> view(Mode, const Operand& x) const override;
  bool sums(Mode mode) const noexcept { return is_sum_ != transposes(mode); }

 private:
  // Strides of the narrow operand by the dims of the wide one, 0 where it lacks them.
  std::vector<int64_t> spread(const Operand& narrow, int wide_ndim) const;

  bool is_sum_;
};

const RepeatCore* as_repeat(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
