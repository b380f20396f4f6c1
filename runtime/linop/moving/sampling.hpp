// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>

#include "runtime/linop/core.hpp"
#include "runtime/linop/rows.hpp"

namespace lunops {

// Where the samples lie: index tensors that the plans read.
struct SampleIndex {
  // One tensor with a coordinate dim, or one for each grid dim.
  Weights tensors;
  // Of their dims by position: samples and kept dims, with an ellipsis for the coordinate dim.
  Side terms;
  int64_t base = 0;  // what the first index of a dim is called
  WeightPtr mask;    // that the tensors were made from, or null
};

// y[m] = x[i1(m), …, iD(m)]: values of a grid at listed points; the adjoint adds them back.
//
// The mixed terms of the input are the grid, those of the output the samples; dims of the index
// tensors on both sides have points of their own.
class SamplingCore final : public Core {
 public:
  SamplingCore(SampleIndex index, Signature signature, std::string name);
  // The same operator under other names: tables are shared.
  SamplingCore(const SamplingCore& other, const Signature& form);

  std::string_view kind() const noexcept override { return "Sampling"; }
  Field field() const noexcept override { return Field::real; }
  std::string details() const override;
  Weights weights() const override;
  Mode canonical(Mode mode) const noexcept override {
    return transposes(mode) ? Mode::adjoint : Mode::forward;
  }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> shown_as(const Signature& form) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  Tile cut(const TileRequest& request) const override;
  void check_extents(Mode, const Operand& x, const Operand& y) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  // Throws Error{shape} naming the first index outside a grid of which these extents are known.
  void check_indices(const std::vector<int64_t>& grid) const;

  const Side& grid_terms() const noexcept { return grid_; }       // mixed terms of the input
  const Side& sample_terms() const noexcept { return samples_; }  // mixed terms of the output
  const Side& group_terms() const noexcept { return groups_; }    // kept terms of the index
  int64_t sample_count() const noexcept { return sample_count_; }
  // A weight at the samples: `order` numbers its dims as {others…, groups, grid}, those of the
  // result are {others…, groups, samples}.
  WeightPtr sampled(const WeightPtr& weight, const std::vector<int>& order) const;

 private:
  // The samples as rows over a grid of these extents, or the grid's elements as rows over the
  // samples; made once for each grid.
  std::shared_ptr<const RowTable> table(const std::vector<int64_t>& grid, bool is_adjoint) const;
  template <class F>
  void for_indices(const F& f) const;

  SampleIndex index_;
  Side grid_, samples_, groups_;  // mixed input terms, mixed output terms, kept terms of the index
  int64_t sample_count_ = 1, group_count_ = 1;

  struct Made {
    struct Tables {
      std::vector<int64_t> grid;
      std::shared_ptr<const RowTable> forward, adjoint;
    };
    std::mutex mutex;
    std::vector<Tables> tables;
  };
  std::shared_ptr<Made> made_ = std::make_shared<Made>();
};

}  // namespace lunops
