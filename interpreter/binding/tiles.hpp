// SPDX-License-Identifier: MIT
#pragma once

#include "interpreter/binding/value.hpp"
#include "runtime/plan/split.hpp"

namespace lunops::lua {

// Sizes as scripts write them: "n=3 m=2", or {n = 3, coil = {5, 3}}, which has no order and so
// takes that of the operator.
struct GivenAxes {
  SplitAxes axes;
  bool is_ordered = true;
};
GivenAxes axes_of(std::string_view operation, const Value& sizes);

// The array of tiles with dims, grid and at(i, j).
Value tiles_value(const Tiles& tiles);

}  // namespace lunops::lua
