// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

class Weight;
using WeightPtr = std::shared_ptr<const Weight>;
using Weights = std::vector<WeightPtr>;

// The weight of an operator: a user's tensor, shared and not copied, or a recipe over other weights
// that is carried out by the first plan that needs it.
//
// Versions of the user's tensors stored here on construction show a later write, which is an error
// at the next use.  Roundings to the other precision are made once and kept.  Thread-safe.
class Weight {
 public:
  // `owner` is the label of the operator: "Dense 'maps'".
  Weight(Tensor tensor, std::string owner);
  using Recipe = std::function<Tensor(DType dtype, Context& context)>;
  // The gradients with respect to the sources, from that with respect to the result; all of them
  // complex where data are.
  using PullBack = std::function<std::vector<Tensor>(const Tensor& gradient, Context& context)>;
  // `key`: weights of one key over the same sources are the same; empty: only of one object.
  Weight(std::vector<int64_t> extents,
         bool is_complex,
         Weights sources,
         Recipe recipe,
         std::string key = {},
         PullBack pull_back = {},
         std::optional<Device> device = {});
  // Values of `origin` on another device, made there by the first plan that needs them.
  Weight(WeightPtr origin, Device device);

  const std::vector<int64_t>& extents() const noexcept { return extents_; }
  int64_t count() const noexcept;
  bool is_complex() const noexcept { return is_complex_; }
  bool is_given() const noexcept { return recipe_ == nullptr; }
  // Of a given weight; of a copy, what its origin was given.
  const Tensor& tensor() const noexcept { return tensor_; }
  // Not null: this is a copy of it on another device.
  const WeightPtr& origin() const noexcept { return origin_; }
  const std::string& owner() const noexcept { return owner_; }
  const Weights& sources() const noexcept { return sources_; }
  // What the weight allows data to be: a complex weight fixes the precision.
  std::optional<DType> dtype() const;
  Device device() const;
  // Made of nothing that lies anywhere, as the mask of a normal is: plans make it where they need
  // it.
  bool is_anywhere() const noexcept { return !is_given() && sources_.empty() && !device_; }

  // The dtype in which data of `data` dtype meet this weight: real weights stay real.
  DType meets(DType data) const noexcept;
  // In this dtype; a conversion or a carried-out recipe is kept if `keep`.
  Tensor as(DType dtype, Context& context, bool keep = true) const;
  const PullBack& pull_back() const noexcept { return pull_back_; }
  // Drops values that no plan and nobody else uses; they are made again when asked for.  Skips a
  // weight whose values are being made.
  void drop_unused() const noexcept;
  void check() const;  // throws Error{argument} if a user's tensor was written after construction
  bool same(const Weight& other) const noexcept;

 private:
  std::vector<int64_t> extents_;
  bool is_complex_ = false;
  Tensor tensor_;
  WeightPtr origin_;
  uint64_t version_ = 0;
  std::string owner_;
  Weights sources_;
  Recipe recipe_;
  std::string key_;
  PullBack pull_back_;
  std::optional<Device> device_;  // else that of the sources
  mutable std::mutex mutex_;
  mutable std::atomic<bool> is_making_ = false;  // guarded by the mutex, but read without it
  mutable std::vector<Tensor> made_;
};

// The weight on another device: values of its own there, no more than its elements.
WeightPtr weight_on(const WeightPtr& weight, Device device, Context& context);

// The weight on another device: no more than its elements, uploaded by the first plan that needs
// them.  Whoever asks for the same elements on the same device gets the same copy, as long as
// somebody keeps it.
WeightPtr weight_copy(const WeightPtr& weight, Device device);
size_t live_weight_copies();  // for tests
// Drops values of copies on a device that nobody uses, as pressure on its budget does.
void drop_unused_weight_copies(Device device) noexcept;

// Strides of a weight with these terms, for views whose dims are `dims` (0 for a dim it lacks).
std::vector<int64_t> strides_for(const Side& dims, const Side& weight, const Tensor& values);
std::vector<int64_t> strides_for(const Side& dims,
                                 const Side& weight,
                                 const std::vector<int64_t>& strides);

// Recipes.  Sides say which dims the operands and the result have.
WeightPtr weight_product(const WeightPtr& a,
                         const Side& a_terms,
                         bool conjugate_a,
                         const WeightPtr& b,
                         const Side& b_terms,
                         bool conjugate_b,
                         const Side& terms);
WeightPtr weight_square(const WeightPtr& a);  // |a|^2, real
// Sum of scale_k * a_k over {a_k}; a null operand stands for ones.
struct WeightTerm {
  c128 scale;
  WeightPtr weight;
  Side terms;
  bool conjugate = false;
};
WeightPtr weight_sum(const std::vector<WeightTerm>& summands, const Side& terms);
// G[terms] = sum over `summed` of a b, either of them conjugated; `take_real` where the result is
// known to be real.
WeightPtr weight_contract(const WeightPtr& a,
                          const Side& a_terms,
                          bool conjugate_a,
                          const WeightPtr& b,
                          const Side& b_terms,
                          bool conjugate_b,
                          const Side& terms,
                          const Side& summed,
                          bool take_real,
                          SumOrder order);

}  // namespace lunops
