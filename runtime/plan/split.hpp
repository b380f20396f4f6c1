// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/tile.hpp"

namespace lunops {

// How one dim is cut: into pieces of one size, the last one ragged, or into these.
struct SplitAxis {
  Dim dim;
  int64_t size = 0;
  std::vector<int64_t> sizes = {};  // used if not empty
};
using SplitAxes = std::vector<SplitAxis>;

// "n=3 m=2": the axes in this order.
SplitAxes parse_axes(std::string_view operation, std::string_view text);
// Axes in the order of A's dims, then its inner dims, then batch dims: for sizes that came without
// an order.
SplitAxes in_order_of(const Linop& a, SplitAxes axes);

using NamedStretch = std::pair<Dim, Stretch>;
// The slices of dims that have names.
std::vector<NamedStretch> named(const Side& terms, const Slices& slices);

// One tile, by the names of the operator that was split.
struct SplitTile {
  Linop op;
  std::vector<NamedStretch> request;        // what was asked for
  std::vector<NamedStretch> input, output;  // slices of dims that are cut; others are whole
  std::vector<int64_t> index;               // in the grid, from 0
  Slices input_slices, output_slices;       // of A's terms, by number
  std::vector<NamedStretch> batch;          // of dims that A takes as batch
  std::optional<Device> device = {};        // where it was placed
};

// The tiles of an operator: A x is the sum over them of op(x[input]) put at output.
struct Tiles {
  std::vector<Dim> dims;         // of the grid
  std::vector<int64_t> grid;     // how many tiles along each
  std::vector<SplitTile> tiles;  // row-major; tiles that are zero are not there

  const SplitTile* at(const std::vector<int64_t>& index) const noexcept;  // null: zero or outside
};

// Cuts A along these dims: input, output, inner dims, and batch dims whose extents are given.
//
// Throws Error{shape}: a dim that is not there, of unknown extent, or along which A cannot be cut;
// a size below 1; sizes that do not add up.  `operation` is named in messages.  Along those of
// `inner` that A lacks, as a tile lacks what went into others, it is whole in the first place.
Tiles split(const Linop& a,
            const SplitAxes& axes,
            const std::vector<std::pair<std::string, int64_t>>& extents = {},
            std::string_view operation = "split",
            const DimExtents& inner = {});

}  // namespace lunops
