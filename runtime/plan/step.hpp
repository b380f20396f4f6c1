// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "runtime/backend/backend.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/device/context.hpp"

namespace lunops {

class NativeStream;

// Where a step finds memory: the application's input or output, the plan's workspace by slot, or
// memory that the plan itself keeps alive (weights).
enum class Place : uint8_t { input, output, slot, constant };

// A tensor as planning sees it: named shape, strides, and a place instead of an address.
struct Operand {
  Shape shape;
  std::vector<int64_t> strides;  // elements
  DType dtype = DType::c64;
  Place place = Place::input;
  int slot = -1;
  int64_t offset = 0;  // bytes from the start of the place
  Device device = Device::host();

  bool is_contiguous() const noexcept;
  // Some elements share memory: a dim longer than 1 has stride 0.
  bool repeats() const noexcept;
  bool is_slot() const noexcept { return place == Place::slot; }
};

// Views, of positions among the dims: a part of one, and one element of one, which drops it.
Operand slice(const Operand& operand, int dim, int64_t first, int64_t count);
Operand select(const Operand& operand, int dim, int64_t index);

// alpha and beta of a step.  The caller's alpha and beta are values of run time; they reach the
// steps that write the result.
struct StepScale {
  enum class Beta : uint8_t { zero, one, callers };
  c128 factor{1.0, 0.0};
  bool has_callers_alpha = false;
  Beta beta = Beta::zero;

  StepScale times(c128 s) const noexcept { return {factor * s, has_callers_alpha, beta}; }
  StepScale accumulating() const noexcept { return {factor, has_callers_alpha, Beta::one}; }
};

// Where a slot lies: the workspace of one of the plan's devices, by number.
struct SlotPlace {
  size_t offset = 0;
  int device = 0;
  size_t bytes = 0;
};

// What a running plan gives its steps.  Stream, backend and context are those of the device that
// the step runs on.
struct Frame {
  std::byte* input = nullptr;
  std::byte* output = nullptr;
  std::byte* const* workspaces = nullptr;  // by number of the device
  const SlotPlace* slots = nullptr;
  Scale scale;
  Stream* stream = nullptr;
  Backend* backend = nullptr;
  Context* context = nullptr;
  const NativeStream* link = nullptr;            // of a transfer from or to a GPU: what copies
  std::atomic<int64_t>* failed_group = nullptr;  // set by a group step that fails; may be null

  std::byte* slot(int number) const noexcept {
    return workspaces[slots[number].device] + slots[number].offset;
  }

  Scale resolve(const StepScale& s) const noexcept {
    Scale out;
    out.alpha = s.has_callers_alpha ? s.factor * scale.alpha : s.factor;
    switch (s.beta) {
      case StepScale::Beta::zero:
        out.beta = 0.0;
        break;
      case StepScale::Beta::one:
        out.beta = 1.0;
        break;
      case StepScale::Beta::callers:
        out.beta = scale.beta;
        break;
    }
    return out;
  }
};

// A view whose address is known when the plan runs.
struct Ref {
  RawView view;  // data: of constants only
  Place place = Place::input;
  int slot = -1;
  int64_t offset = 0;

  RawView at(const Frame& frame) const noexcept {
    RawView v = view;
    v.data = address(frame);
    return v;
  }
  void* address(const Frame& frame) const noexcept;
};

inline void* Ref::address(const Frame& frame) const noexcept {
  switch (place) {
    case Place::input:
      return frame.input + offset;
    case Place::output:
      return frame.output + offset;
    case Place::slot:
      return frame.slot(slot) + offset;
    case Place::constant:
      break;
  }
  return static_cast<std::byte*>(view.data) + offset;
}

// One kernel call of a plan, with what explain says about it.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(const Frame& frame) const = 0;
  // run(), with its name kept for errors where a GPU does it later (issued_work.hpp).
  void perform(const Frame& frame) const;

  static constexpr int kLast = -1, kNone = -2;

  std::vector<Ref> refs;          // all views; their slots are alive during this step
  int written = kLast;            // which of them the step writes; it reads the others
  bool has_all_elements = false;  // the views cover what is touched; else only their places count
  int device = 0;                 // number among the plan's
  int source = -1;                // of a transfer: the device that it copies from
  int tile = -1;                  // number among the plan's tiles
  bool has_own_time = false;      // `seconds` hold on any device
  bool is_atomic = false;         // sums of this kernel come in any order: other bits each time
  bool is_host_callback = false;  // calls code of the host: on the applying thread only
  int scratch = -1;               // slot of the kernel's own workspace
  size_t scratch_bytes = 0;
  std::string label, text;  // operator and what it does
  double flops = 0, bytes = 0, seconds = 0;
  // Those of so many calls of one kernel.
  void costs(const NufftCost& of_call, double calls) noexcept;

 protected:
  std::byte* scratch_at(const Frame& frame) const noexcept {
    return scratch < 0 ? nullptr : frame.slot(scratch);
  }
};

// Steps that run side by side, group by group, each group in order; no group reads or writes what
// another writes.
class GroupStep final : public Step {
 public:
  GroupStep(std::vector<std::vector<std::unique_ptr<Step>>> groups, int workers);
  void run(const Frame& frame) const override;
  const std::vector<std::vector<std::unique_ptr<Step>>>& groups() const noexcept { return groups_; }
  int workers() const noexcept { return workers_; }
  int tile_of(int64_t group) const noexcept;

 private:
  std::vector<std::vector<std::unique_ptr<Step>>> groups_;
  int workers_;
};

// A view of `operand` with other dims: strides by dim, extents by dim.
Ref make_ref(const Operand& operand,
             const std::vector<int64_t>& extents,
             const std::vector<int64_t>& strides);
Ref make_ref(const Operand& operand);
Ref make_constant(const void* data,
                  DType dtype,
                  const std::vector<int64_t>& extents,
                  const std::vector<int64_t>& strides);

// Merges dims that are adjacent in all of the views and drops those of extent 1; all have equal
// extents.
void merge_dims(std::vector<Ref>& refs);

// y <- scale of x, or of its conjugate.
std::unique_ptr<Step> axpby_step(Ref x, bool conjugate, Ref y, StepScale scale);
// y <- scale of the sum of x over the dims in which y has stride 0.
std::unique_ptr<Step> sum_step(Ref x, Ref y, StepScale scale, SumOrder order);
// y <- beta y, and 0 where the step's beta is 0.
std::unique_ptr<Step> prepare_step(Ref y, StepScale scale);
// y <- scale of w x.
std::unique_ptr<Step> multiply_step(Ref w, bool conjugate, Ref x, Ref y, StepScale scale);
// y <- scale of the sum of terms; the spec numbers the weights.
std::unique_ptr<Step> pointwise_step(
    const PointwiseSpec& spec, std::vector<Ref> weights, Ref x, Ref y, StepScale scale);
// y <- scale of the sum over the last `reduced` dims of a b.
std::unique_ptr<Step> contract_step(
    Ref a, bool conjugate, Ref b, int reduced, Ref y, StepScale scale, SumOrder order);
// y <- scale of the transform; `kernel` may be null in plans that are never run.
std::unique_ptr<Step> fft_step(std::shared_ptr<const FftKernel> kernel, Ref x, Ref y, StepScale);

}  // namespace lunops
