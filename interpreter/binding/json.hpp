// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "interpreter/binding/value.hpp"

namespace lunops::lua {

std::string json_text(std::string_view text);  // quoted and escaped
// Numbers print with the digits that read back the same; NaN and infinities are null.  A table is
// a list if it has only an array part, otherwise an object; an empty one is [].  Throws
// Error{argument} for tensors, operators and functions.
std::string to_json(const Value& value);

}  // namespace lunops::lua
