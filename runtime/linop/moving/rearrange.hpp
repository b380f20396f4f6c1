// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/core/extent_table.hpp"
#include "runtime/core/pattern.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

// Splits, permutes and merges dims by a pattern.  The terms of the signature are the axes of the
// pattern, by position.
class RearrangeCore final : public Core {
 public:
  RearrangeCore(Pattern pattern, ExtentList extents, Signature signature, std::string name);

  std::string_view kind() const noexcept override { return "Rearrange"; }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override { return fmt::format("\"{}\"", pattern_.text()); }
  Mode canonical(Mode mode) const noexcept override;
  bool is_isometry(Mode) const noexcept override { return true; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  // Where the members that an axis of the result merges lie in x at even distances.
  std::optional<Operand> view(Mode, const Operand& x) const override;

  // Terms of the input and the output as their members with extents, the last one fastest.
  using Members = std::vector<std::pair<Dim, int64_t>>;
  struct Sides {
    std::vector<Members> in, out;
  };
  Sides members(Mode mode, const Shape& x, const Shape& y) const;

 private:
  struct Elements;
  ExtentTable table(Mode mode, const Shape& x, const Shape& y) const;
  Elements elements(Mode mode, const Operand& x, const Operand& y) const;

  Pattern pattern_;
  ExtentList extents_;  // of members and groups, as given
};

}  // namespace lunops
