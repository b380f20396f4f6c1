// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/fft.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/pairs.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

// A discrete Fourier transform of some dims.  The adjoint has the opposite sign and the same scale.
class FftCore final : public Core {
 public:
  enum class Norm : uint8_t { ortho, backward, forward };
  FftCore(Norm norm,
          bool is_centred,
          bool is_inverse,
          std::vector<TermPair> pairs,
          Signature signature,
          std::string name);

  std::string_view kind() const noexcept override { return "FFT"; }
  Field field() const noexcept override { return Field::complex; }
  std::string details() const override;
  bool is_isometry(Mode) const noexcept override { return norm_ == Norm::ortho; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override {
    return std::make_shared<FftCore>(norm_, is_centred_, is_inverse_, pairs_, signature(),
                                     parts.name);
  }
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  // The same with extents, strides, axes and windows given; the rest of the spec is this
  // operator's.
  void lower(Builder& b,
             Mode mode,
             FftSpec spec,
             DType dtype,
             const Ref& x,
             const Ref& y,
             const StepScale& s) const;

  // The product of two transforms over disjoint dims; null where norms, centres or signs differ.
  // `pairs` and `signature` are of the product.
  std::shared_ptr<const Core> merged(const FftCore& other,
                                     std::vector<TermPair> pairs,
                                     const Signature& signature) const;
  const std::vector<TermPair>& pairs() const noexcept { return pairs_; }
  double scale(double points) const noexcept;  // of the sum over so many points, in any mode
  bool is_centred() const noexcept { return is_centred_; }
  int sign(Mode mode) const noexcept { return is_inverse_ != conjugates(mode) ? 1 : -1; }
  bool is_ortho() const noexcept { return norm_ == Norm::ortho; }

 private:
  Norm norm_;
  bool is_centred_, is_inverse_;
  std::vector<TermPair> pairs_;
};

const FftCore* as_fft(const Node& node) noexcept;  // null if the node renames it

}  // namespace lunops
