// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>

// `require "lunops"` in stock Lua, and how the program's sessions load the bindings.
extern "C" __attribute__((visibility("default"))) int luaopen_lunops(lua_State* L);

namespace lunops::lua {

// Where the stdlib is read from instead of the text built in; a folder, or empty.  Before the first
// use of a module.
void set_stdlib_folder(lua_State* L, const char* folder);

}  // namespace lunops::lua
