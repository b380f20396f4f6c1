// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// The real or the imaginary part.  The adjoint for Re<.,.> puts a real array there and zero into
// the other part: v + 0i, or i v.
class PartCore final : public Core {
 public:
  PartCore(bool is_imag, Signature signature, std::string name)
      : Core(std::move(signature), std::move(name)), is_imag_(is_imag) {}

  std::string_view kind() const noexcept override { return is_imag_ ? "Imag" : "Real"; }
  Field field() const noexcept override { return Field::complex; }
  DType result_dtype(Mode, DType in) const override;
  void check_dtype(Mode, DType in) const override;
  bool is_real_linear() const override { return true; }
  bool is_isometry(Mode mode) const noexcept override { return transposes(mode); }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  std::optional<Operand> view(Mode, const Operand& x) const override;

 private:
  bool is_imag_;
};

}  // namespace lunops
