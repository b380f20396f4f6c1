// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// y = s x.  s is kept in double and rounded to the data's precision by the kernels.
class ScalarCore final : public Core {
 public:
  // `root`: where the value is the squared modulus of another scalar, that one; for gradients.
  ScalarCore(c128 value, Signature signature, std::string name, std::optional<c128> root = {})
      : Core(std::move(signature), std::move(name)), value_(value), root_(root) {}
  std::string_view kind() const noexcept override { return "Scalar"; }
  Field field() const noexcept override {
    return value_.imag() == 0.0 ? Field::real : Field::complex;
  }
  bool is_self_adjoint() const noexcept override { return value_.imag() == 0.0; }
  Mode canonical(Mode mode) const noexcept override;
  std::string details() const override;
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<ScalarCore>(value_, signature(), parts.name, root_);
  }
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const std::optional<c128>& root() const noexcept { return root_; }
  c128 value(Mode mode) const noexcept { return conjugates(mode) ? std::conj(value_) : value_; }

 private:
  c128 value_;
  std::optional<c128> root_;
};

// Whether a product of two scalars may stand for applying one after the other to data of this
// dtype: not where it leaves the normal numbers though neither of the two does.
bool may_multiply(c128 a, c128 b, DType dtype) noexcept;

const ScalarCore* as_scalar(const Node& node) noexcept;
std::optional<Node> scalar_power(const Node& node, double exponent);

}  // namespace lunops
