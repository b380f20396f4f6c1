// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>

#include "interpreter/binding/state.hpp"

namespace lunops::lua {

// A Lua function that compute code may call (lua-host §1.4).  Trivial: the function and the slot
// for its error value lie on the entry's stack.
struct Callback {
  lua_State* L;
  State* state;
  int function;  // stack index
  int slot;      // stack index, reserved in decode

  // Calls it with the values that push(L, data) pushes, in protected mode; results are left to
  // read(L, data, count) in the same mode.  Throws CallbackFailed with the error in `slot`.
  using Step = int (*)(lua_State* L, State& state, void* data);
  void call(Step push, Step read, void* data) const;
};

}  // namespace lunops::lua
