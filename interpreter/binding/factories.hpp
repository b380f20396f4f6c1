// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "runtime/core/dtype.hpp"

namespace lunops::lua {

DType dtype_named(std::string_view operation, std::string_view name);  // throws Error{dtype}

}  // namespace lunops::lua
