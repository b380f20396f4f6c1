// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

#include <lua.hpp>

#include "interpreter/binding/state.hpp"

namespace lunops::lua {

// A file of stdlib/, built in as text: "mri/init.lua".
struct EmbeddedFile {
  std::string_view path;
  std::string_view text;
};
std::span<const EmbeddedFile> embedded_files();

// With the module table on top of the stack: sub-modules become fields at first use, unknown names
// errors with the nearest one, and `require "lunops.mri.radial"` finds stdlib/mri/radial.lua.
void install_stdlib(lua_State* L, State& state);

}  // namespace lunops::lua
