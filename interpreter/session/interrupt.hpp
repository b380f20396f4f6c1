// SPDX-License-Identifier: MIT
#pragma once

#include <lua.hpp>

#include "interpreter/binding/state.hpp"

namespace lunops::lua {

// Stopping a script (lua-host §5.7): a hook on the main coroutine and on the running one raises a
// value of its own again and again until the session's own lua_pcall has it, so no pcall of the
// script swallows it; C++ loops see State::cancel.

// Replaces coroutine.resume, wrap and close by ones that keep State::running current, as hooks
// belong to coroutines.  May raise on memory.
void watch_coroutines(lua_State* L, State& state);

// Safe in a signal handler that runs on the thread inside the state.
void request_interrupt(State& state) noexcept;

// After the session's lua_pcall came back: takes the hooks away again.
void clear_interrupt(State& state) noexcept;

// True if the error value at `index` is an interrupt on its way up.
bool is_interrupt(lua_State* L, int index) noexcept;

}  // namespace lunops::lua
