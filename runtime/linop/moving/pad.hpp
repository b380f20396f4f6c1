// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"
#include "runtime/linop/pairs.hpp"

namespace lunops {

// Pad embeds an array into zeros, Crop cuts one out; each is the other's adjoint.
class PadCore final : public Core {
 public:
  enum class At : uint8_t { centre, start, end };
  // `is_start`: written as PadDim or Truncate, and called so.
  PadCore(bool is_crop,
          At at,
          std::vector<TermPair> pairs,
          Signature signature,
          std::string name,
          bool is_start = false);

  std::string_view kind() const noexcept override { return kind(is_crop_, is_start_); }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override;
  Mode canonical(Mode mode) const noexcept override;
  bool is_isometry(Mode mode) const noexcept override { return pads(mode); }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<PadCore>(is_crop_, at_, pairs_, signature(), parts.name, is_start_);
  }
  Tile cut(const TileRequest& request) const override;
  void check_extents(Mode, const Operand& x, const Operand& y) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  std::optional<Operand> view(Mode, const Operand& x) const override;

  bool pads(Mode mode) const noexcept { return is_crop_ == transposes(mode); }
  // Index in the larger array of the first element of the smaller one.
  int64_t offset(int64_t large, int64_t small) const noexcept;
  At at() const noexcept { return at_; }
  const std::vector<TermPair>& pairs() const noexcept { return pairs_; }
  static std::string_view kind(bool is_crop, bool is_start) noexcept {
    if (is_start) return is_crop ? "Truncate" : "PadDim";
    return is_crop ? "Crop" : "Pad";
  }

 private:
  // The part of `large` that the smaller array is, with dims in the order of the smaller one.
  Operand window(Mode mode, const Operand& large, const Shape& small) const;

  bool is_crop_, is_start_;
  At at_;
  std::vector<TermPair> pairs_;
};

const PadCore* as_pad(const Node& node) noexcept;  // Pad or Crop; null if the node renames it

}  // namespace lunops
