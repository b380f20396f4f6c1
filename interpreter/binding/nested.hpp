// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "interpreter/binding/value.hpp"

namespace lunops::lua {

// The numbers of nested lists, row-major.
struct Nested {
  std::vector<int64_t> extents;
  std::vector<c128> values;
  bool all_boolean = true;
};

// Throws Error{shape} naming the place where the lists are ragged: "[2] has 3 values, expected 2".
Nested flatten(const Value& values);

}  // namespace lunops::lua
