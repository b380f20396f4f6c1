// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>

#include "runtime/backend/interpolate.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/nufft/positions.hpp"

namespace lunops {

// Values of a grid at positions between its points, and the adjoint of that (operators.md §4).
//
// Terms of the string are the grid, the samples, frames (kept, with positions of their own) and
// batch dims.  Sorted points and kernel values are made by the first plan that needs them, once for
// each grid size and dtype, and serve both directions.
class InterpolateCore final : public Core {
 public:
  struct Choices {
    InterpolateSpec::Kernel kernel = InterpolateSpec::Kernel::kaiser_bessel;
    std::array<double, 3> width = {4, 4, 4};
    std::array<double, 3> beta = {0, 0, 0};
    bool is_circular = true;
    bool operator==(const Choices&) const = default;
  };

  // `terms`: of the positions' dims, with an ellipsis for the one that holds the components.
  // `grids`: the input are the samples.
  InterpolateCore(bool grids,
                  WeightPtr positions,
                  Side terms,
                  Choices choices,
                  Signature signature,
                  std::string name);
  // The same operator under other names: sorted points are shared.
  InterpolateCore(const InterpolateCore& other, const Signature& form);

  std::string_view kind() const noexcept override { return grids_ ? "Gridding" : "Interpolate"; }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override;
  Weights weights() const override { return {positions_}; }
  void check_dtype(Mode, DType in) const override;
  Mode canonical(Mode mode) const noexcept override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  Tile cut(const TileRequest& request) const override;
  void check_extents(Mode, const Operand& x, const Operand& y) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  bool spreads(Mode mode) const noexcept { return grids_ != transposes(mode); }
  Mode to_samples() const noexcept { return grids_ ? Mode::transpose : Mode::forward; }
  InterpolateSpec spec(const std::vector<int64_t>& grid, DType dtype) const;
  std::shared_ptr<const InterpolateKernel> kernel(const InterpolateSpec& spec, Context&) const;

  bool grids_;
  WeightPtr positions_;
  Choices choices_;
  PositionRoles roles_;  // of grid -> samples
  int64_t points_ = 1, frame_count_ = 1;

  // What plans made, by position of the dims.
  struct Made {
    struct Kernel {
      std::vector<int64_t> grid;
      DType dtype;
      bool is_deterministic;
      const Backend* backend;
      std::shared_ptr<const InterpolateKernel> kernel;
    };
    std::mutex mutex;
    std::vector<Kernel> kernels;
  };
  std::shared_ptr<Made> made_ = std::make_shared<Made>();
};

}  // namespace lunops
