// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/backend/difference.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/pairs.hpp"

namespace lunops {

// A sum of tridiagonal matrices along the mixed dims of an operator that keeps extents: what
// FiniteDifference and Laplacian are, and rectangular pieces of them.
class TridiagonalCore : public Core {
 public:
  // A matrix along one dim, from x to y: element n of y belongs to element n + shift of x, and what
  // lies outside x is zero.  `shift` is 0 but for pieces.
  struct Axis {
    DifferenceLine line;
    int64_t shift = 0;
    bool operator==(const Axis& other) const noexcept;
  };
  TridiagonalCore(std::vector<Axis> axes,
                  std::vector<TermPair> pairs,
                  Signature signature,
                  std::string name);

  Field field() const noexcept override { return Field::real; }
  Mode canonical(Mode mode) const noexcept override;
  bool same(const Core& other) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 protected:
  // The same kind of operator with these matrices.
  virtual std::shared_ptr<const Core> piece(std::vector<Axis> axes, Signature signature) const = 0;

  const std::vector<Axis>& axes() const noexcept { return axes_; }
  const std::vector<TermPair>& pairs() const noexcept { return pairs_; }
  bool is_piece() const noexcept { return is_piece_; }

 private:
  void lower_piece(Builder& b,
                   const std::vector<Axis>& axes,
                   const PairedDims& dims,
                   const Operand& x,
                   const Operand& y,
                   const StepScale& s) const;

  std::vector<Axis> axes_;  // by pair
  std::vector<TermPair> pairs_;
  bool is_piece_ = false;
};

}  // namespace lunops
