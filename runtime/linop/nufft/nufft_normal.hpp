// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/nufft/nufft_lower.hpp"

namespace lunops {

// Fᴴ M F, M pointwise on the samples, and Sᴴ Fᴴ M F S with maps S attached: made by rewriting.
//
// Whether it runs as a convolution (Toeplitz) or as a pair of transforms is decided when it is
// lowered, since the costs depend on the image (nufft.md §6).
class NufftNormalCore final : public Core {
 public:
  NufftNormalCore(std::shared_ptr<const NufftCore> f,
                  std::shared_ptr<const DiagonalCore> middle,
                  bool is_middle_conjugate,
                  std::optional<AttachedMaps> maps,
                  Composition composition);

  std::string_view kind() const noexcept override { return "NUFFT normal"; }
  Field field() const noexcept override { return Field::complex; }
  bool is_self_adjoint() const noexcept override {
    return middle_ == nullptr || middle_->field() == Field::real;
  }
  bool same(const Core& other) const override { return this == &other; }
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const std::shared_ptr<const NufftCore>& nufft() const noexcept { return f_; }
  const std::shared_ptr<const DiagonalCore>& middle() const noexcept { return middle_; }
  bool is_middle_conjugate() const noexcept { return is_conjugate_; }
  const std::optional<AttachedMaps>& maps() const noexcept { return maps_; }
  bool has_maps() const noexcept { return maps_.has_value(); }
  // Dims of M that are neither samples nor frames of F.
  Side batch_terms() const;

  // In which form it runs on images with these roles, and what that was decided by.
  struct Form {
    bool is_toeplitz = false;
    Backend::NufftEstimate estimate;
    double build_seconds = 0;
    int64_t kernels = 1;
    ExplainedChoice choice;
  };
  // In deterministic plans the costs of one frame and one image decide.
  Form form(Builder& b, const NufftRoles& roles, DType dtype) const;

 private:
  std::shared_ptr<const NufftCore> f_;
  std::shared_ptr<const DiagonalCore> middle_;
  bool is_conjugate_;
  std::optional<AttachedMaps> maps_;
};

const NufftNormalCore* as_nufft_normal(const Node& node) noexcept;

// Where the weights of a transform's samples lie: what recipes know of it, since a weight that held
// the operator would be held by its kernels in turn.
struct SampleDims {
  explicit SampleDims(const NufftCore& f);
  Side frames, samples;
  int64_t frame_count, points;  // points of each frame
  std::vector<int64_t> counts;  // those that exist; empty: all
};

// Weights of M as {kernels, frames, points}, real and imaginary parts apart; 0 for points that do
// not exist.  No M: ones.  `batch` are its dims that F does not know.
struct MiddleWeights {
  std::vector<double> real, imag;  // imag empty: real weights
};
MiddleWeights middle_weights(const SampleDims& f,
                             const DiagonalCore* middle,
                             bool is_conjugate,
                             const Side& batch,
                             Context& context);

}  // namespace lunops
