// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/nufft/nufft.hpp"

namespace lunops {

// What stands between Fᴴ and F and couples K images (nufft.md §6, (5)).
//
// As a pair it is conj(B) M B, B having `input` and dims of the samples or frames of F; T_ab has
// the weights sum_f conj(B_a) M B_b.  Otherwise `weight` is the matrix G itself, with weights
// G[output = a, input = b].
struct MatrixMiddle {
  WeightPtr weight;
  Side terms;  // by base names
  bool is_conjugate = false;
  bool is_pair = true;
  Term input, output;  // output: of G only
  Term frame;          // the dim of F that B produces and the images lack; an empty dim: none
  std::shared_ptr<const DiagonalCore> diagonal;  // M; null: none
  bool is_diagonal_conjugate = false;

  int64_t k() const;
  bool is_complex() const;
  bool is_hermitian() const;
};

// Bᴴ Fᴴ M F B and Fᴴ G F, G coupling a kept dim of F, as K x K Toeplitz kernels, with maps attached
// where they stood between B and F.  Made by rewriting, where the costs are in favour.
class NufftMatrixCore final : public Core {
 public:
  NufftMatrixCore(std::shared_ptr<const NufftCore> f,
                  MatrixMiddle middle,
                  std::optional<AttachedMaps> maps,
                  Signature signature);

  std::string_view kind() const noexcept override { return "NUFFT normal"; }
  Field field() const noexcept override { return Field::complex; }
  bool is_self_adjoint() const noexcept override { return middle_.is_hermitian(); }
  bool same(const Core& other) const override { return this == &other; }
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  // Seconds of one application in this form and of the two transforms with B or G apart.
  struct Estimate {
    double toeplitz_seconds = 0, gridding_seconds = 0, build_seconds = 0;
    size_t kernel_bytes = 0;
    int64_t kernels = 1;
  };
  // `of_one_image`: whatever batch x has.
  Estimate estimate(Context& context, const Shape& x, DType dtype, bool of_one_image = false) const;

  const std::shared_ptr<const NufftCore>& nufft() const noexcept { return f_; }
  const MatrixMiddle& middle() const noexcept { return middle_; }

 private:
  struct Roles;
  Roles roles(const Shape& x) const;

  std::shared_ptr<const NufftCore> f_;
  MatrixMiddle middle_;
  std::optional<AttachedMaps> maps_;
};

}  // namespace lunops
