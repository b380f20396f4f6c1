// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interpreter/binding/value.hpp"

namespace lunops::lua {

// The part of x that x{…} means; throws Error{shape | argument} with `operation`.
Tensor slice_of(std::string_view operation, const Tensor& x, const Value& part);

std::vector<std::pair<std::string, std::string>> renaming(const Value& names);  // {y = "x"}
std::string headline(const Tensor& x);  // "Tensor c64 cpu {y=2, x=3} 48 B"
std::string size_text(double bytes);    // "4.0 MiB"
lua_CFunction tensor_missing();         // answers x[3] and unknown members

}  // namespace lunops::lua
