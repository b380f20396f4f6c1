// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>

#include "runtime/linop/core.hpp"
#include "runtime/linop/rows.hpp"

namespace lunops {

// y[r] = sum over c of A[r, c] x[c], A given by its entries; r runs over all output dims, c over
// all input dims, row-major.
class SparseCore final : public Core {
 public:
  // `value`: of the entries in the order of the table.  `given`: the user's tensors, for watching.
  SparseCore(std::shared_ptr<const RowTable> table,
             WeightPtr value,
             Weights given,
             Signature signature,
             std::string name);
  SparseCore(const SparseCore& other, const Signature& form);  // shares the transpose

  std::string_view kind() const noexcept override { return "Sparse"; }
  Field field() const noexcept override {
    return value_->is_complex() ? Field::complex : Field::real;
  }
  std::string details() const override;
  Weights weights() const override;
  void check_dtype(Mode, DType in) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  std::shared_ptr<const RowTable> table_;
  WeightPtr value_;
  Weights given_;

  struct Transpose {
    std::once_flag once;
    std::shared_ptr<const RowTable> table;
    WeightPtr value;
  };
  const Transpose& transpose() const;
  std::shared_ptr<Transpose> transpose_ = std::make_shared<Transpose>();
};

}  // namespace lunops
