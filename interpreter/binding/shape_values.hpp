// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "interpreter/binding/members.hpp"
#include "interpreter/binding/value.hpp"

namespace lunops::lua {

Value list_of(const std::vector<Dim>& dims);  // names as a Lua list

}  // namespace lunops::lua
