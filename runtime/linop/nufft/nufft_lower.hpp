// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include "runtime/linop/nufft/nufft.hpp"
#include "runtime/plan/builder.hpp"

namespace lunops {

// A dim outside image, samples and frames.
struct BatchAxis {
  int64_t extent = 1;
  Dim dim;
  int image = -1;    // position in the image operand; -1: the dim that the maps produce
  int samples = -1;  // position in the sample operand
  Term map_term;     // as the maps know it; an empty dim if they have no such dim
};

// How the dims of an application fall into the roles that kernels know.
struct NufftRoles {
  std::vector<BatchAxis> axes;
  std::vector<int> image, image_frames;     // positions in the image operand
  std::vector<int> samples, sample_frames;  // positions in the sample operand
  std::vector<Term> image_map_terms;        // by image dim
  std::vector<int64_t> extents;             // N_d
  Shape sample_shape;

  // Whether there are no pixels: such a transform is zero, and no grid is made for it.
  bool is_empty_image() const noexcept {
    return std::find(extents.begin(), extents.end(), 0) != extents.end();
  }
};
NufftRoles nufft_roles(const NufftCore& f, const AttachedMaps* maps, const Shape& image);
// The same for any operator that goes from image to samples in mode `to_samples`.
NufftRoles sampling_roles(const Core& core,
                          Mode to_samples,
                          const Side& samples,
                          const Side& frames,
                          const AttachedMaps* maps,
                          const Shape& image);

// One tensor with its dims in the order of the roles.  Kernels want the inner dims (image or
// points) without gaps and frames as one dim; where a tensor is not laid out so, a copy in
// workspace stands in.
struct RoleView {
  Operand operand;
  std::vector<int64_t> axes;  // stride by axis, 0 where the tensor lacks it
  int64_t frames = 0;         // stride of frames
  bool is_copy = false;
};
RoleView role_view(Builder& b,
                   const Operand& operand,
                   const std::vector<int>& axes,
                   const std::vector<int>& frames,
                   const std::vector<int>& inner,
                   bool is_input);
// The way back, for a copy that the kernel wrote: y <- scale of the copy.
void copy_back(Builder& b,
               const RoleView& from,
               const Operand& y,
               const std::vector<int>& axes,
               const std::vector<int>& frames,
               const std::vector<int>& inner,
               const StepScale& scale);

// A dim of loops around kernel calls, or the kernel's batch: strides of the operands in elements.
struct LoopAxis {
  int64_t extent = 1;
  std::array<int64_t, 3> strides = {0, 0, 0};
};
// Chooses the kernel's batch among axes: `forced` alone if it is >= 0, else the largest run of axes
// that merge.
struct Loops {
  LoopAxis batch;
  std::vector<LoopAxis> loops;
};
Loops group_axes(const std::vector<LoopAxis>& axes, int forced);

// A step that calls a kernel once for every combination of loop indices, on views shifted by it.
class LoopStep : public Step {
 public:
  void run(const Frame& frame) const final;

 protected:
  explicit LoopStep(std::vector<LoopAxis> loops) : loops_(std::move(loops)) {}
  // Views of one call; views[2] are the maps, where there are any.
  virtual void call(const RawView* views, const Frame& frame) const = 0;

 private:
  std::vector<LoopAxis> loops_;  // strides by number of the ref
};

// What plans that are never run say of sorted points, where no kernel can be asked.
size_t expected_points_bytes(const NufftCore& f, DType dtype) noexcept;
// What sorting them takes on the stream's device besides.
size_t expected_sorting_bytes(const NufftCore& f, DType dtype, const Stream& stream) noexcept;

// The maps as a constant over {batch, image dims}, their strides by axis filled into `axes`.
Ref maps_ref(Builder& b,
             const AttachedMaps& maps,
             const NufftRoles& roles,
             DType dtype,
             std::vector<LoopAxis>& axes);

}  // namespace lunops
