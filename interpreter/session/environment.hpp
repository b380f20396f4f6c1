// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <lua.hpp>

#include "interpreter/binding/state.hpp"

namespace lunops::lua {

// Pushes the table that prompt chunks have as _ENV (lua-host §5.3): reads look at kept locals, then
// at the session's names (`lo`, `ans`), then at _G; writes go to kept locals of that name, else _G.
void push_environment(lua_State* L, State& state);

// `_ENV["\0keep"]("x", x)` for each name.
std::string keep_statements(const std::vector<std::string>& names);

// Shows its arguments, one per line, and remembers the first as `ans`.
int echo_entry(lua_State* L);

}  // namespace lunops::lua
