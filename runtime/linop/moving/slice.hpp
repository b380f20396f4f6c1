// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// Slice takes every step-th element of a range, y[j] = x[first + j step], Embed writes them into
// zeros; each is the other's adjoint.  The side that has all elements is the large one.
class SliceCore final : public Core {
 public:
  // Elements of one dim of the large side, counted from 0.
  struct Range {
    int large, small;  // number of the term on either side; small = -1: the dim is dropped
    int64_t first, step, count;
    bool operator==(const Range&) const = default;
  };
  SliceCore(bool is_embed, std::vector<Range> ranges, Signature signature, std::string name);

  std::string_view kind() const noexcept override { return is_embed_ ? "Embed" : "Slice"; }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override;
  Mode canonical(Mode mode) const noexcept override;
  bool is_isometry(Mode mode) const noexcept override { return !selects(mode); }
  // Embed: the identity.  Slice: a Diagonal of ones where elements are taken, else zeros.
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  bool hides_primes() const noexcept override { return is_embed_; }
  void check_extents(Mode, const Operand& x, const Operand& y) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  std::optional<Operand> view(Mode, const Operand& x) const override;

  bool selects(Mode mode) const noexcept { return is_embed_ == transposes(mode); }
  const std::vector<Range>& ranges() const noexcept { return ranges_; }

 private:
  const Side& large_side() const noexcept {
    return is_embed_ ? signature().output() : signature().input();
  }
  const Side& small_side() const noexcept {
    return is_embed_ ? signature().input() : signature().output();
  }
  // The elements of `large` that are taken, with dims in the order of `small`.
  Operand window(const Operand& large, const Shape& small) const;

  bool is_embed_;
  std::vector<Range> ranges_;
};

}  // namespace lunops
