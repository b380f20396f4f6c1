// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "interpreter/binding/value.hpp"
#include "runtime/plan/options.hpp"

namespace lunops::lua {

// The option `rewrite`.  false: no rewriting; a table {toeplitz = false}: without these rules.
// Throws Error{argument}.
void read_rewrite(std::string_view operation, const Value& value, PlanOptions& options);

}  // namespace lunops::lua
