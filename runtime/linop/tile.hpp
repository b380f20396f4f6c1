// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/core.hpp"

namespace lunops {

// Cutting operators into tiles (splitting.md §1).  Ranges count elements from 0 here.

// `count` elements of a dim from `first`.
struct Stretch {
  int64_t first = 0, count = 0;

  int64_t end() const noexcept { return first + count; }
  bool operator==(const Stretch&) const = default;
};
Stretch intersection(const Stretch& a, const Stretch& b) noexcept;

// Stretches by number of the term on one side, "..." not counted; nothing: all of that dim.
using Slices = std::vector<std::optional<Stretch>>;

// What is asked of a core, in its forward direction and under its own names.  A slice is given only
// where the extent is known, lies inside it, and is not all of it.
struct TileRequest {
  Slices input, output;
  std::vector<std::pair<Dim, Stretch>> inner;  // dims of Core::inner, each once

  bool is_whole() const noexcept;
};

// The block A_T of an operator A from the requested input to the requested output: zero outside
// (output, input), and equal to `op` inside.  The slices may be narrower than the request.  `op`
// has the signature of A with the extents of the slices.
struct Tile {
  std::optional<Node> op;  // nothing: the block is zero
  Slices input, output;
};

// The block of a node: the request is in the node's own direction and by the positions of the names
// that it shows, and so is the tile.  Inner dims that the node lacks, such as those that an Add
// lost with a term, leave it whole in the tile that begins with element 0 of them.
Tile cut(const Node& node, const TileRequest& request);

// For cores.
//
// A tile of this operator, forward, or an empty one, with the slices of the request.
Tile tile_of(std::shared_ptr<const Core> core, const TileRequest& request);
Tile no_tile(const TileRequest& request);
// Makes the slices of kept dims agree: both sides get the intersection.  False: one is empty, and
// the tile has no operator.
bool agree_on_kept(const Signature& signature, TileRequest& request);
// The first term with a slice among those that are not kept, on the input (true) or the output.
std::optional<std::pair<bool, int>> first_mixed_cut(const Signature& signature,
                                                    const TileRequest& request);
// The signature with the extents of the slices.
Signature cut_signature(const Signature& signature, const Slices& input, const Slices& output);
// The tile of a core without weights that can be cut along kept dims only: its shown_as under the
// signature of the tile.
Tile cut_kept(const Core& core, TileRequest request);
// A weight with these terms, cut by the slices of the side terms that it has; shared if none is.
// The result views the same storage.
WeightPtr cut_weight(const WeightPtr& weight,
                     const Side& terms,
                     const Signature& signature,
                     const TileRequest& request);
// Throws the error of refuse_cut if the request cuts a dim that is not kept.
void refuse_mixed_cuts(const Core& core, const TileRequest& request);
// "FFT {y=8 -> ky=8} cannot be cut along its input dim 'y'; it can be cut along batch dims". `what`
// stands for the kind of the dim, a hint for what could be cut instead.
[[noreturn]] void refuse_cut(const Core& core,
                             const Term& term,
                             std::string_view hint = {},
                             std::string_view what = {});

}  // namespace lunops
