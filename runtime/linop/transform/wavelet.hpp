// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"
#include "runtime/linop/pairs.hpp"

namespace lunops {

// An orthogonal wavelet transform of some dims, zero-padded to a multiple of 2^levels.
class WaveletCore final : public Core {
 public:
  // `moments`: p of db<p>; `levels` 0: as many as the extents allow.
  WaveletCore(
      int moments, int levels, std::vector<TermPair> pairs, Signature signature, std::string name);

  std::string_view kind() const noexcept override { return "Wavelet"; }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override;
  Mode canonical(Mode mode) const noexcept override;
  bool is_isometry(Mode mode) const noexcept override { return !transposes(mode) || is_square_; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void check_extents(Mode, const Operand& x, const Operand& y) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  int moments() const noexcept { return moments_; }
  const std::vector<TermPair>& pairs() const noexcept { return pairs_; }
  // Of images with these extents along the dims that are transformed.  Throws Error{argument} if
  // they are too small for the levels asked for.
  int levels_for(const std::vector<int64_t>& extents) const;

 private:
  int moments_, levels_;
  std::vector<TermPair> pairs_;
  bool is_square_ = false;  // known extents, and nothing is padded
};

}  // namespace lunops
