// SPDX-License-Identifier: MIT
#include "interpreter/binding/box.hpp"

#include <cstdio>
#include <cstring>

#include "interpreter/binding/failure.hpp"

namespace lunops::lua {

namespace {

const char kTypeKey = 0;  // metatable[&kTypeKey] = light userdata: the BoxType

void* slot_of(BoxHeader* box) noexcept { return box + 1; }

int collect_entry(lua_State* L) {
  close_box(static_cast<BoxHeader*>(lua_touserdata(L, 1)), "collected");
  return 0;
}

}  // namespace

void unlink(BoxHeader* box) noexcept {
  if (box->next == nullptr) return;
  box->previous->next = box->next;
  box->next->previous = box->previous;
  box->next = box->previous = nullptr;
}

void link(BoxHeader* list, BoxHeader* box) noexcept {
  box->next = list->next;
  box->previous = list;
  list->next->previous = box;
  list->next = box;
}

void close_box(BoxHeader* box, const char* note) noexcept {
  unlink(box);
  if (!box->full) return;
  box->full = false;
  --box->state->live_boxes;
  std::snprintf(box->note, sizeof(box->note), "%s", note);
  box->type->destroy(slot_of(box));
}

void note_place(lua_State* L, char (&note)[64], const char* what) noexcept {
  lua_Debug frame;
  if (lua_getstack(L, 1, &frame) && lua_getinfo(L, "Sl", &frame) && frame.currentline > 0) {
    std::snprintf(note, sizeof(note), "%s at %.40s:%d", what, frame.short_src, frame.currentline);
  } else {
    std::snprintf(note, sizeof(note), "%s", what);
  }
}

int close_entry(lua_State* L) {
  BoxHeader* box = any_box(L, 1);
  if (box == nullptr)
    raise_text(L, Code::argument, "close", "argument 1 must be a tensor or operator, got %s",
               luaL_typename(L, 1));
  char note[64];
  note_place(L, note, "closed");
  close_box(box, note);
  return 0;
}

void push_new_metatable(lua_State* L, State& state, const BoxType& type) {
  lua_createtable(L, 0, 24);
  lua_pushlightuserdata(L, const_cast<BoxType*>(&type));
  lua_rawsetp(L, -2, &kTypeKey);
  lua_pushstring(L, type.name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushcfunction(L, collect_entry);
  lua_setfield(L, -2, "__gc");
  lua_pushlightuserdata(L, &state);
  lua_pushcclosure(L, close_entry, 1);
  lua_setfield(L, -2, "__close");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &type);
}

void push_metatable(lua_State* L, const BoxType& type) { lua_rawgetp(L, LUA_REGISTRYINDEX, &type); }

void* push_empty(
    lua_State* L, State& state, const BoxType& type, size_t size, int user_values, bool in_scope) {
  BoxHeader* box = static_cast<BoxHeader*>(lua_newuserdatauv(L, size, user_values));
  box->type = &type;
  box->state = &state;
  box->previous = box->next = nullptr;
  box->full = false;
  std::strcpy(box->note, "never filled");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &type);
  lua_setmetatable(L, -2);
  if (in_scope && state.scope != nullptr) link(state.scope, box);
  return box;
}

BoxHeader* any_box(lua_State* L, int index) noexcept {
  void* data = lua_touserdata(L, index);
  if (data == nullptr || !lua_getmetatable(L, index)) return nullptr;
  const bool ours = lua_rawgetp(L, -1, &kTypeKey) == LUA_TLIGHTUSERDATA;
  lua_pop(L, 2);
  return ours ? static_cast<BoxHeader*>(data) : nullptr;
}

}  // namespace lunops::lua
