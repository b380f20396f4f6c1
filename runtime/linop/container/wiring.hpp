// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "runtime/linop/core.hpp"

namespace lunops {

// A dim followed through the factors of a product: what a factor keeps, or takes as batch, is one
// wire before and after it.
struct Wire {
  Term term;  // a name if some factor has one for it, else a variable
  int64_t extent = kUnknown;
};
inline constexpr int kRestWire = -1;  // stands where "..." of the whole product does

// A factor, and the wires that it meets.
struct Stage {
  Node node;
  std::vector<int> input, output;  // by number of its terms
  std::vector<int> before, after;  // all dims that are there, kRestWire among them
};

// What a name among Core::inner of a product stands for: a wire, or an inner dim of a factor; or
// neither, where it has got lost among what joins the factors of a tile.
struct InnerDim {
  int wire = kRestWire;
  int stage = -1;
  Dim dim;
};

// The same, said of the factors: the dim at `position` of all that come out of factor number
// `stage` in order of execution; with position -1 the inner dim `dim` of that factor; with stage -1
// neither.
struct InnerPlace {
  int stage = -1, position = -1;
  Dim dim = {};
};
using InnerPlaces = std::vector<InnerPlace>;

struct Wiring {
  std::vector<Wire> wires;
  std::vector<Stage> stages;       // in order of execution
  std::vector<int> input, output;  // of the product, by number of its terms
  std::vector<InnerDim> inner;     // one for each of the product's inner dims
};

// `factors` as they are written, the last acting first; `signature` and `inner` of their product.
// `inner_places` of the inner dims; if there are none they are found by their names.
Wiring wire(const std::vector<Node>& factors,
            const Signature& signature,
            const DimExtents& inner,
            const InnerPlaces& inner_places);
InnerPlaces places_of(const Wiring& wiring);

// Inner dims beside the dims of a form: primed on where they would meet one.
DimExtents inner_beside(const Signature& form, DimExtents inner);

// The extent of an inner dim of a node; nothing if it has none of that name.
std::optional<int64_t> inner_extent(const Node& node, Dim dim);

// The node with those extents of its terms that it does not know itself, where its core can be
// shown with them; else the node.  For cuts of what shifts dims, in which positions count from the
// other end.
Node with_extents(const Node& node,
                  const std::vector<int64_t>& input,
                  const std::vector<int64_t>& output);

// The dims of a side as a list, "..." as kRestWire and terms by their number.
std::vector<int> list_of(const Signature& signature, bool is_input);

}  // namespace lunops
