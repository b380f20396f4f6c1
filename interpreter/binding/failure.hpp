// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <type_traits>

#include <lua.hpp>

#include "runtime/core/error.hpp"

namespace lunops::lua {

struct State;

// How a failed compute travels to the entry that raises: as bytes, with no owner (rule B6).
// Longer texts are cut at a character boundary and end in "…".
struct Failure {
  Code code;
  bool is_callback;  // a Lua error from a callback: its value waits at stack index `slot`
  int slot;
  char operation[64];
  char text[1024];  // of a callback: where it was called, or empty
};
static_assert(std::is_trivially_destructible_v<Failure>);

// Thrown by a Callback after its Lua function failed; the error value lies at `slot` of the Lua
// stack, and the entry raises that same value; to a message it adds where the call was made.
struct CallbackFailed final : ForeignError {
  explicit CallbackFailed(int at) : slot(at) {}
  int slot;
};

void set(Failure& why, Code code, std::string_view operation, std::string_view text) noexcept;

// Runs f(data) under the only `try` of the binding (rule B2).  On an exception fills `why` and
// returns false.
bool run(State& state, Failure& why, void (*f)(void*), void* data) noexcept;

template <class F>
bool run(State& state, Failure& why, F&& f) noexcept {
  return run(
      state, why, [](void* g) { (*static_cast<std::remove_reference_t<F>*>(g))(); }, &f);
}

// Raises `why` as a lunops.Error, or the callback's own error value.  Call with no owner alive.
[[noreturn]] void raise(lua_State* L, const Failure& why);

// Raises an error found while decoding: text as in printf, at most 1 KiB.
[[noreturn]] __attribute__((format(printf, 4, 5))) void raise_text(
    lua_State* L, Code code, const char* operation, const char* format, ...);

// Puts the metatable of lunops.Error into the registry.
void install_errors(lua_State* L);

// Whether a chunk's `source` is a module of the built-in stdlib: errors are placed in the script.
bool is_own_source(const char* source) noexcept;

// The lunops.Error at `index`, or false.  Never raises.
bool is_error(lua_State* L, int index) noexcept;
Code code_of(lua_State* L, int index) noexcept;  // Code::script for other values

}  // namespace lunops::lua
