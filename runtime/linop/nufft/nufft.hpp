// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "runtime/backend/nufft.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/nufft/positions.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops {

// What a NUFFT was asked to be, by image dim where options go by dim.
struct NufftChoices {
  std::optional<double> tol;
  int width = 0;
  std::array<double, 3> oversamp = {0, 0, 0};
  std::array<int64_t, 3> grid = {0, 0, 0};
  std::string units;  // empty: cycles, checked
  Toeplitz toeplitz = Toeplitz::automatic;
  bool is_nearest = false;
  std::optional<NufftSpec::Whole> whole;  // of a tile: what it was cut from

  bool operator==(const NufftChoices&) const = default;
};

// The non-uniform Fourier transform (nufft.md §1).
//
// Terms of the string are the image (in-only), the samples (out-only), frames (kept, with points of
// their own) and batch dims.  Sorted points are made by the first plan that needs them, once for
// each image size and precision, and serve forward, adjoint and Toeplitz builds alike.
class NufftCore final : public Core {
 public:
  // `terms`: of the trajectory's dims by position, with an ellipsis for the coordinate dim.
  // `counts`: null, or what `live`, the points of each frame that exist, was read from.
  NufftCore(WeightPtr trajectory,
            Side terms,
            WeightPtr counts,
            std::vector<int64_t> live,
            NufftChoices choices,
            Signature signature,
            std::string name);
  // The same operator under other names: sorted points and kernels are shared.
  NufftCore(const NufftCore& other, const Signature& form);
  // Whether images, frames, device and choices are those of the other: only points differ.
  bool joins(const NufftCore& other) const;
  // The transform to the points of all parts, which join the first: one part after another in each
  // frame, as the last dim of its result.  It has no trajectory of its own, and stands in normals
  // only.
  static std::shared_ptr<const NufftCore> joined(
      const std::vector<std::shared_ptr<const NufftCore>>& parts);

  std::string_view kind() const noexcept override { return "NUFFT"; }
  Field field() const noexcept override { return Field::complex; }
  std::string details() const override;
  Weights weights() const override {
    return counts_weight_ == nullptr ? Weights{trajectory_} : Weights{trajectory_, counts_weight_};
  }
  std::string_view weight_name(size_t number) const noexcept override {
    return number == 0 ? "traj" : "counts";
  }
  // Sorted points stay where the trajectory does.
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  Tensor weight_gradient(size_t, const Tensor& x, const Tensor& v, Context&) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  Tile cut(const TileRequest& request) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const NufftChoices& choices() const noexcept { return choices_; }
  const Tensor& trajectory() const noexcept { return trajectory_->tensor(); }
  const Side& trajectory_terms() const noexcept { return roles_.terms; }
  const Side& image_terms() const noexcept { return roles_.image; }
  const Side& sample_terms() const noexcept { return roles_.samples; }
  const Side& frame_terms() const noexcept { return roles_.frames; }
  // By frame, row-major over the frame dims: points that exist, the first ones.  Empty: all.
  const std::vector<int64_t>& counts() const noexcept { return counts_; }
  int64_t points_per_frame() const noexcept { return points_; }
  int64_t frames() const noexcept { return frame_count_; }

  NufftSpec spec(const std::vector<int64_t>& image, DType dtype) const;  // without coordinates
  // {frames, points, d} in cycles, finite, 0 where no point exists; warns of units that look wrong.
  HeldArray<double> coordinates(const std::vector<int64_t>& image, Context& context) const;
  std::shared_ptr<const NufftPoints> points(const std::vector<int64_t>& image,
                                            DType dtype,
                                            bool deterministic,
                                            Context& context) const;
  // One for all copies of this operator that share what plans make of it.
  const void* shared() const noexcept { return made_.get(); }
  // Bytes of coordinates() on the stream's device while they live: none on a GPU, since they
  // are the host's.
  size_t coordinate_bytes(const Stream& stream) const noexcept;
  std::shared_ptr<const NufftPoints> last_points() const;  // of the last plan; null before one
  // The kernel of FᴴMF, M a Diagonal or null; kept as long as a plan uses it.
  struct KernelKey {
    std::vector<int64_t> image;
    DType dtype;
    const Backend* backend;
    WeightPtr middle;               // null: none
    std::vector<int> middle_terms;  // where its dims stand among frames and samples; -1: batch
    bool is_conjugate = false;
    bool is_deterministic = false;
    int64_t kernels = 1;
    WeightPtr matrix = nullptr;  // what makes the kernel a matrix; null: none
    std::vector<int> matrix_terms = {};
    bool is_matrix_conjugate = false;
  };
  template <class Make>
  std::shared_ptr<const ToeplitzKernel> kernel(const KernelKey& key, const Make& make) const {
    Made& m = *made_;
    std::lock_guard lock(m.kernel_mutex);
    for (const auto& [known, kernel] : m.kernels) {
      if (!matches(known, key)) continue;
      if (auto alive = kernel.lock()) return alive;
    }
    std::erase_if(m.kernels, [](const auto& each) { return each.second.expired(); });
    std::shared_ptr<const ToeplitzKernel> made = make();
    m.kernels.emplace_back(key, made);
    return made;
  }

 private:
  // Cycles per unit of the trajectory along an image dim of this extent.
  double cycles_per_unit(int64_t extent) const noexcept;
  HeldArray<double> joined_coordinates(const std::vector<int64_t>& image, Context& context) const;
  static bool matches(const KernelKey& a, const KernelKey& b) noexcept;
  void check_units(const std::vector<int64_t>& image,
                   const std::vector<double>& largest,
                   int64_t beyond,
                   int64_t count,
                   Context& context) const;

  std::vector<std::shared_ptr<const NufftCore>> parts_;  // of a joined one
  WeightPtr trajectory_;                                 // null: joined
  WeightPtr counts_weight_;
  std::vector<int64_t> counts_;
  NufftChoices choices_;
  PositionRoles roles_;
  int64_t points_ = 1, frame_count_ = 1;

  // What plans made: everything in it goes by position, so that cores that differ in the names of
  // their dims share it.
  struct Made {
    struct Points {
      std::vector<int64_t> image;
      DType dtype;
      bool is_deterministic;
      const Backend* backend;
      std::shared_ptr<const NufftPoints> points;
    };
    std::mutex mutex, kernel_mutex;
    std::vector<Points> points;
    std::atomic<bool> has_warned = false;
    std::vector<std::pair<KernelKey, std::weak_ptr<const ToeplitzKernel>>> kernels;
    // Of tiles that live, by their stretches of frames and samples, and of joined transforms that
    // begin with this one.
    std::vector<std::pair<std::vector<Stretch>, std::weak_ptr<Made>>> tiles;
    std::vector<std::pair<std::vector<std::weak_ptr<Made>>, std::shared_ptr<Made>>> joined;
    // Of copies on other devices.
    std::vector<std::pair<Device, std::weak_ptr<Made>>> placed;
  };
  // For a copy of this operator on a device: what plans made for another one there, if it lives.
  std::shared_ptr<Made> made_on(Device device) const;
  std::shared_ptr<Made> made_ = std::make_shared<Made>();
};

const NufftCore* as_nufft(const Node& node) noexcept;  // null if the node renames it

// Weights over image and batch dims that are multiplied inside a NUFFT: a Diagonal, or a Dense that
// produces one batch dim, over which the adjoint sums.
struct AttachedMaps {
  WeightPtr weight;
  Side terms;
  Signature signature;      // of the operator that the maps were
  std::optional<Term> sum;  // the batch dim that it produces
};

// Steps for F, or for F after its maps, on image and samples in the places of the mode.
void lower_nufft(Builder& b,
                 const NufftCore& f,
                 const AttachedMaps* maps,
                 Mode mode,
                 const Operand& x,
                 const Operand& y,
                 const StepScale& s);

// F * S as one operator: forward, and adjoint Sᴴ * Fᴴ.
class MappedNufftCore final : public Core {
 public:
  MappedNufftCore(std::shared_ptr<const NufftCore> f, AttachedMaps maps, Composition composition);
  std::string_view kind() const noexcept override { return "NUFFT"; }
  Field field() const noexcept override { return Field::complex; }
  std::string details() const override { return fmt::format("{}, maps attached", f_->details()); }
  Weights weights() const override { return {f_->weights().front(), maps_.weight}; }
  bool same(const Core& other) const override { return this == &other; }
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

 private:
  std::shared_ptr<const NufftCore> f_;
  AttachedMaps maps_;
};

}  // namespace lunops
