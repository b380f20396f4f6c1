// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <utility>

#include <lua.hpp>

#include "interpreter/session/session.hpp"

namespace lunops::lua {

using RecentTexts = std::deque<std::pair<std::string, std::string>>;

// The active Lua functions from `level` on, one per line, with an excerpt of the source around the
// first.  Copes with any stack; never raises; may throw bad_alloc.
std::string describe_stack(lua_State* L, int level, TraceLength length, const RecentTexts& recent);

// Text of any error value, without running its code unless it is one of ours.
std::string text_of_error(lua_State* L, int index);

}  // namespace lunops::lua
