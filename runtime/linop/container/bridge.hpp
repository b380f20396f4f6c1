// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/linop/tile.hpp"

namespace lunops {

// One dim between two factors: how much of it comes and how much is wanted; nothing: all of it.
struct BridgeDim {
  Term term;  // kind ellipsis where "..." of the product stands
  int64_t extent = kUnknown;
  std::optional<Stretch> from = {}, to = {};
};

// Factors that cut what comes to what is wanted, and embed it into zeros where more is wanted; in
// order of execution.  Both are views or copies of what is there, never arithmetic.
std::vector<Node> bridge(const std::vector<BridgeDim>& dims);

// `tile` with these slices instead of its own, which lie within them.  The signature is that of the
// whole operator of which it is a tile.
Node widened(const Signature& signature,
             const Tile& tile,
             const Slices& input,
             const Slices& output);

}  // namespace lunops
