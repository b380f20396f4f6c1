// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/array_blocks.hpp"
#include "runtime/device/held.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

class PlacedRuns;

// How blocks are cut out of an array, by array dim.  Not changed any more once it is placed.
struct BlockCut {
  std::vector<int64_t> block, stride;
  std::vector<int64_t> count;        // of tiles, whose array may end before the last block; 0, or
                                     // empty: what the extent gives
  bool pads = false;                 // zeros are appended so that blocks cover the whole array
  WeightPtr mask;                    // as the user gave it, or null
  std::vector<BlockGrid::Run> runs;  // of its true entries
  int64_t entries = 0;               // of a block: all, or the true ones
  OnDevices<PlacedRuns> placed;

  bool has_mask() const noexcept { return mask != nullptr; }
  // Number of blocks along a dim; -1 if there is not one whole block.
  int64_t count_of(size_t dim, int64_t extent) const noexcept;
  // The grid over an array of these extents, with runs in memory of the host: keep the cut alive.
  BlockGrid grid(const std::vector<int64_t>& extents) const;
};

// The runs of a mask where kernels of one device read them: on a GPU a copy, elsewhere those of the
// cut.
class PlacedRuns {
 public:
  static std::shared_ptr<const PlacedRuns> of(std::shared_ptr<const BlockCut> cut,
                                              const Stream& stream);
  PlacedRuns(std::shared_ptr<const BlockCut> cut, const Stream& stream);

  const BlockGrid::Run* data() const noexcept {
    return copy_.size() > 0 ? copy_.data() : cut_->has_mask() ? cut_->runs.data() : nullptr;
  }
  // The grid with these runs: keep this alive.
  BlockGrid seen_by(BlockGrid grid) const noexcept {
    grid.runs = data();
    return grid;
  }

 private:
  std::shared_ptr<const BlockCut> cut_;
  HeldArray<BlockGrid::Run> copy_;  // of a GPU
};

// ArrayToBlocks takes overlapping blocks out of an array, BlocksToArray sums them back; each is the
// other's adjoint.
//
// The mixed terms of the array's side are its dims; those of the blocks' side are as many counts,
// then as many offsets in the block, or with a mask one dim of its true entries.
class BlocksCore final : public Core {
 public:
  BlocksCore(bool is_reverse,
             std::shared_ptr<const BlockCut> cut,
             Signature signature,
             std::string name);

  std::string_view kind() const noexcept override {
    return is_reverse_ ? "BlocksToArray" : "ArrayToBlocks";
  }
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
  void complete(Mode, const Shape& in, Shape& out) const override;
  void check_extents(Mode, const Operand& x, const Operand& y) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;
  std::optional<Operand> view(Mode, const Operand& x) const override;

  // Number of blocks over each element of the array, dims named as the array's; extents must be
  // known.
  Tensor multiplicity(Context& context) const;

 private:
  struct Positions;
  bool cuts(Mode mode) const noexcept { return is_reverse_ == transposes(mode); }
  const Side& array_side() const noexcept {
    return is_reverse_ ? signature().output() : signature().input();
  }
  const Side& blocks_side() const noexcept {
    return is_reverse_ ? signature().input() : signature().output();
  }
  Positions positions(int array_ndim, int blocks_ndim) const;
  std::vector<int64_t> array_extents(const Shape& array, const Positions& at) const;
  std::optional<std::vector<int64_t>> known_array() const;

  bool is_reverse_;
  std::shared_ptr<const BlockCut> cut_;
  Side array_, blocks_;  // mixed terms of the two sides
};

}  // namespace lunops
