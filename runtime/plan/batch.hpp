// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/linop/container/tiled.hpp"
#include "runtime/plan/determinism.hpp"
#include "runtime/plan/place.hpp"
#include "runtime/plan/split.hpp"

namespace lunops {

// One level of tiles: how an operator is cut, where the tiles run, and how (splitting.md §3).  A
// value that use does not change.
struct BatchSpec {
  SplitAxes axes;
  bool is_ordered = true;  // false: the axes follow the dims of the operator
  DeviceChoice devices = {};
  // Where input and output lie.  Nothing: where A's weights do, for further levels where the tile
  // does; the host if A has none but devices are named, else where the data are.
  std::optional<Device> base = {};
  std::vector<std::pair<std::string, int64_t>> extents = {};  // of batch dims
  std::shared_ptr<const TiledOptions> options = {};           // null: those of the level above
  // Over those options: copies of weights stay on their devices if they fit there with the rest.
  bool is_resident_if_fits = true;
  // Of the first level, and of all below it.
  std::optional<Determinism> determinism = {};
};

// The same operator as its tiles.  With several levels each tile of one is the operator of the
// next, and its device is the next level's base.  B.children() are the tiles; B.N() is made of
// their normals where no two write one place, else of B.H() and B.
//
// Where a deterministic operator is cut along its reduction dim, tiles are those nodes of its tree
// that the tiles asked for are made of.
//
// Throws the errors of split and of reduction_dim; Error{device} for devices that are not there or
// on which a tile cannot run; Error{argument} for a matrix that does not fit.  Warns of devices
// without tiles.
Linop batch(const Linop& a, const std::vector<BatchSpec>& levels, Context& context);

// On one device and without options.
Linop batch(const Linop& a,
            const SplitAxes& axes,
            const std::vector<std::pair<std::string, int64_t>>& extents = {});

// The tiles of a tiled operator in its mode, by the names that it was cut under; nothing for other
// operators.
std::optional<Tiles> tiles_of(const Linop& a);
// How its sides lie along each cut dim; empty for other operators.
std::vector<AxisPlacement> placement_of(const Linop& a);

}  // namespace lunops
