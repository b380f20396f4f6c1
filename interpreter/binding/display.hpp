// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <lua.hpp>

#include "interpreter/binding/state.hpp"

namespace lunops::lua {

// Writes the value at `index` to the session's results, with a line end: what the prompt echoes.
// No metamethod of a script runs.  May raise.
void display(lua_State* L, State& state, int index);

}  // namespace lunops::lua
