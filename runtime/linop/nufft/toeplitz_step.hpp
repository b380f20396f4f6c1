// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "runtime/linop/nufft/nufft_lower.hpp"

namespace lunops {

// The calls of a Toeplitz kernel, of one spectrum or of a matrix of them, in any mode.
class ToeplitzStep final : public LoopStep {
 public:
  ToeplitzStep(std::shared_ptr<const ToeplitzKernel> kernel,
               Mode mode,
               bool has_maps,
               bool sum_batch,
               StepScale scale,
               std::vector<LoopAxis> loops)
      : LoopStep(std::move(loops)),
        kernel_(std::move(kernel)),
        mode_(mode),
        has_maps_(has_maps),
        sum_batch_(sum_batch),
        scale_(scale) {}

 private:
  // views: x, y, maps.
  void call(const RawView* views, const Frame& f) const override {
    NufftMaps maps;
    if (has_maps_) maps.maps = views[2];
    maps.sum_batch = sum_batch_;
    // A kernel knows adjoint and conj: the transpose is the conj of the adjoint.
    kernel_->run(views[0], maps, conjugates(mode_) != transposes(mode_), transposes(mode_),
                 f.resolve(scale_), views[1], scratch_at(f), *f.stream);
  }

  std::shared_ptr<const ToeplitzKernel> kernel_;
  Mode mode_;
  bool has_maps_, sum_batch_;
  StepScale scale_;
};

}  // namespace lunops
