// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include <lua.hpp>

#include "interpreter/binding/state.hpp"

namespace lunops::lua {

// What a full userdata of ours holds: the name scripts see and how the slot is emptied.
struct BoxType {
  const char* name;  // "lunops.Tensor"
  const char* noun;  // "tensor", in messages
  void (*destroy)(void* slot) noexcept;
};

// Each boxed C++ type has one: `template <> struct Boxed<Tensor> { static const BoxType type; };`
template <class T>
struct Boxed;

// The head of every box.  A full box is linked into the list of the innermost lo.scope, if there is
// one.  Emptied once, by :close(), __close, __gc, or the end of its scope.
struct BoxHeader {
  const BoxType* type;
  State* state;
  BoxHeader *previous, *next;  // list of a scope; null when in none
  bool full;
  char note[64];  // once empty: "closed at script.lua:12"
};
static_assert(sizeof(BoxHeader) % 8 == 0);

template <class T>
struct Box : BoxHeader {
  alignas(8) std::byte slot[sizeof(T)];

  // The slot follows the header directly, whatever T is; Lua promises 8 bytes of alignment.
  static_assert(alignof(T) <= 8);
  T& value() noexcept { return *std::launder(reinterpret_cast<T*>(slot)); }
  // Fills an empty box; the move must not throw (rule B3).
  void emplace(T&& v) noexcept {
    static_assert(std::is_nothrow_move_constructible_v<T>);
    new (slot) T(std::move(v));
    full = true;
    ++state->live_boxes;
  }
};

// Makes the metatable of a type and leaves it on the stack: __name, __gc, __close, the type key.
void push_new_metatable(lua_State* L, State& state, const BoxType& type);
void push_metatable(lua_State* L, const BoxType& type);

// An empty box with its metatable, on top of the stack.  May raise on memory.
void* push_empty(
    lua_State* L, State& state, const BoxType& type, size_t size, int user_values, bool in_scope);
template <class T>
Box<T>* push_box(lua_State* L, State& state, bool in_scope = true) {
  return static_cast<Box<T>*>(
      push_empty(L, state, Boxed<T>::type, sizeof(Box<T>), Boxed<T>::user_values, in_scope));
}

// The box at `index` if it is one of ours of any type, else null.  Never raises (rule B9).
BoxHeader* any_box(lua_State* L, int index) noexcept;
template <class T>
Box<T>* box_at(lua_State* L, int index) noexcept {
  BoxHeader* box = any_box(L, index);
  return box != nullptr && box->type == &Boxed<T>::type ? static_cast<Box<T>*>(box) : nullptr;
}

// Empties a box; `note` says what happened.  Nothing happens to an empty one.
void close_box(BoxHeader* box, const char* note) noexcept;
void unlink(BoxHeader* box) noexcept;
void link(BoxHeader* list, BoxHeader* box) noexcept;

// "closed at script.lua:12", from the Lua function that is running.
void note_place(lua_State* L, char (&note)[64], const char* what) noexcept;

// close(self): shared by all types.
int close_entry(lua_State* L);

}  // namespace lunops::lua
