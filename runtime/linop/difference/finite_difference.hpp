// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/difference/boundary.hpp"
#include "runtime/linop/difference/tridiagonal.hpp"

namespace lunops {

// Differences of neighbours along one dim.
class FiniteDifferenceCore final : public TridiagonalCore {
 public:
  FiniteDifferenceCore(Difference difference,
                       Boundary boundary,
                       double spacing,
                       std::vector<Axis> axes,
                       std::vector<TermPair> pairs,
                       Signature signature,
                       std::string name);

  std::string_view kind() const noexcept override { return "FiniteDifference"; }
  std::string details() const override;
  std::optional<double> norm_bound() const override;

 private:
  std::shared_ptr<const Core> piece(std::vector<Axis> axes, Signature signature) const override;

  Difference difference_;
  Boundary boundary_;
  double spacing_;
};

}  // namespace lunops
