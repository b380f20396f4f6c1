// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/linop/container/leaves.hpp"
#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/tile.hpp"

namespace lunops {

// How tiles are carried out (splitting.md §3); shared by a tiled operator, its modes, its normals
// and what is cut from it.
struct TiledOptions {
  int prefetch = 1;  // tiles in flight per device beyond the one that computes
  // Copies of weights stay on their devices between applications.
  bool is_resident = true;
  // The same bits for any tiles, devices and threads (splitting.md §10).
  bool is_deterministic = false;
  // Called between tiles on the calling thread; false stops the application.
  std::function<bool(int64_t done, int64_t total, const std::string& tile)> progress;
};

// One cut dim of a tiled operator: which sides have it says what happens to the tiles.
struct TiledAxis {
  enum class Kind : uint8_t { kept, out_only, in_only, inner };
  Dim dim;
  Kind kind = Kind::kept;

  bool operator==(const TiledAxis&) const = default;
};
// Whether tiles along it write one place, in this mode.
bool is_added(const TiledAxis& axis, Mode mode) noexcept;

// How one side of a tiled operator lies along one axis of its grid (splitting.md §12).
struct Placement {
  enum class Kind : uint8_t { replicate, shard, partial };
  Kind kind = Kind::replicate;
  Dim dim;  // of shard

  std::string text() const;  // "replicate", "shard y", "partial"
  bool operator==(const Placement&) const = default;
};
struct AxisPlacement {
  Dim axis;
  Placement input, output;
};

// An operator as its tiles: the sum over the parts of op(x[input]) put at output.
//
// Where parts have devices, data come from the base and results go back there: parts on the base
// work on views, other devices get the slices of x that they need and add up what they write to
// one place before it crosses to the base, in the order of the parts.
class TiledCore final : public Core {
 public:
  using Ranges = std::vector<std::pair<Dim, Stretch>>;
  struct Part {
    Node op;
    Slices input, output;               // by the terms of the signature
    Ranges inner = {};                  // what of the inner dims this part is; those not named: all
    Ranges batch = {};                  // slices of dims that the operator takes as batch
    std::vector<int64_t> index = {};    // in the grid
    std::optional<Device> device = {};  // all parts have one, or none has
    Ranges request = {};                // what of each cut dim was asked for
    Stretch leaves = {};                // of the reduction dim, by number; none without one

    bool same(const Part& other) const;
    std::string text() const;  // "coil 3..4, y 1..64 on cpu:1", counted from 1
  };
  struct Setup {
    std::vector<TiledAxis> axes;  // of the grid
    DimExtents batch = {};        // extents of the batch dims that are cut
    std::optional<Device> base = {};
    std::shared_ptr<const TiledOptions> options = std::make_shared<const TiledOptions>();
    // Of the reduction dim of a deterministic operator, along which parts are nodes of its tree.
    struct Tree {
      size_t axis = 0;
      Leaves leaves = {};
      bool are_single = false;  // each part is one leaf
      bool is_moved = false;    // other bounds of tiles were asked for
      // Of leaves: their tile as one operator, for what does not sum over them.
      std::optional<Node> whole = {};
      // Whether the operator that was cut grids and then sums, forward and transposed.
      bool sums_grids = false, sums_grids_transposed = false;
    };
    std::optional<Tree> tree = {};
  };
  // `composition`: that of the whole operator.
  TiledCore(std::vector<Part> parts,
            Composition composition,
            Setup setup,
            WorkersPtr workers = nullptr);

  std::string_view kind() const noexcept override { return "Tiled"; }
  Field field() const noexcept override;
  std::vector<Node> children() const override;
  std::string details() const override;
  bool is_self_adjoint() const noexcept override { return is_self_adjoint_; }
  std::optional<Node> exact_normal(Mode, const Node* inner) const override;
  bool same(const Core& other) const override;
  std::shared_ptr<const Core> rebuilt(Parts parts) const override;
  std::shared_ptr<Workers> workers() const override { return workers_; }
  Device result_device(Mode, Device in) const override;
  std::optional<DevicePlaces> device_places() const override;
  std::vector<Pairing> pairings(Mode,
                                const Tensor& x,
                                const Tensor& v,
                                Context& context) const override;
  Tile cut(const TileRequest& request) const override;
  void complete(Mode, const Shape& in, Shape& out) const override;
  void lower(Builder&, Mode, const Operand& x, const Operand& y, const StepScale&) const override;

  const std::vector<Part>& parts() const noexcept { return parts_; }
  const std::vector<TiledAxis>& axes() const noexcept { return setup_.axes; }
  const std::optional<Device>& base() const noexcept { return setup_.base; }
  const TiledOptions& options() const noexcept { return *setup_.options; }
  int64_t tiles_along(size_t axis) const;
  // Every part reads and writes all of both sides, where the data are.
  bool is_sum() const noexcept;
  // The leaves of one tile of a deterministic operator, rather than tiles.
  bool is_leaves() const noexcept { return setup_.tree && setup_.tree->are_single; }
  std::vector<AxisPlacement> placement(Mode mode) const;

 private:
  class Lowering;

  std::vector<Part> parts_;
  Setup setup_;
  WorkersPtr workers_;
  bool is_self_adjoint_ = false;
};

// Whether the operator grids or samples coils and then sums over them: S.H * F.H …, with the
// reduction dim on the input of the operator and of S.H alone.  `leaf`: its first.
bool sums_grids(const Node& node, const Node& leaf, Dim reduction);

const TiledCore* as_tiled(const Node& node) noexcept;  // also of a node that renames it

}  // namespace lunops
