// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// The same numbers in the other precision; the adjoint casts back.  Linear up to rounding.
class CastCore final : public Core {
 public:
  CastCore(DType to, Signature signature, std::string name)
      : Core(std::move(signature), std::move(name)), to_(to) {}

  std::string_view kind() const noexcept override { return "Cast"; }
  Field field() const noexcept override { return is_complex(to_) ? Field::complex : Field::real; }
  std::string details() const override;
  DType result_dtype(Mode mode, DType) const override { return transposes(mode) ? from() : to_; }
  void check_dtype(Mode, DType in) const override;
  Mode canonical(Mode mode) const noexcept override {
    return transposes(mode) ? Mode::adjoint : Mode::forward;
  }
  // Widened and narrowed again, numbers are what they were; not the other way round.
  bool is_isometry(Mode mode) const noexcept override { return widens(mode); }
  bool widens(Mode mode) const noexcept { return is_double(to_) != transposes(mode); }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  DType from() const noexcept;  // the other precision

  DType to_;
};

const CastCore* as_cast(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
