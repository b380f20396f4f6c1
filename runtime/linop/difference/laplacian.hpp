// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/difference/boundary.hpp"
#include "runtime/linop/difference/tridiagonal.hpp"

namespace lunops {

// The sum of second differences along some dims, -GᴴG of the Gradient G with these options.  With
// `is_negated` it is GᴴG.
class LaplacianCore final : public TridiagonalCore {
 public:
  struct Description {
    Boundary boundary;
    std::vector<double> spacings;  // by pair
    bool is_negated = false;
  };
  LaplacianCore(Description description,
                std::vector<Axis> axes,
                std::vector<TermPair> pairs,
                Signature signature,
                std::string name);
  static std::vector<Axis> axes_of(const Description& description);

  std::string_view kind() const noexcept override { return "Laplacian"; }
  std::string details() const override;
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  Mode canonical(Mode mode) const noexcept override {
    return is_self_adjoint_ ? Mode::forward : TridiagonalCore::canonical(mode);
  }
  std::optional<double> norm_bound() const override;

 private:
  std::shared_ptr<const Core> piece(std::vector<Axis> axes, Signature signature) const override;

  Description description_;
  bool is_self_adjoint_;  // where its two sides have the same names up to primes, and it is whole
};

}  // namespace lunops
