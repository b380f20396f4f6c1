// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <span>

#include "interpreter/binding/box.hpp"
#include "interpreter/binding/record.hpp"

namespace lunops::lua {

// __newindex of boxes: raises "a tensor is read-only: cannot set 'x'".
int refuse_assignment(lua_State* L);

// Makes the metatable of a boxed type from its records: methods and metamethods as closures,
// properties computed by __index.  `missing` (may be null) answers keys that are no member, with
// self and key on the stack; without it they are errors with the nearest name.
void install_type(lua_State* L,
                  State& state,
                  const BoxType& type,
                  std::initializer_list<std::span<const Record>> topics,
                  lua_CFunction missing = nullptr,
                  lua_CFunction assign = refuse_assignment);

// Sets the functions and constructors of a topic into the table at the top of the stack.
void install_functions(lua_State* L, State& state, std::span<const Record> records);

// Raises "tensor has no member 'shap' (did you mean 'shape'?)".
[[noreturn]] void raise_no_member(lua_State* L, const char* noun, int members);

}  // namespace lunops::lua
