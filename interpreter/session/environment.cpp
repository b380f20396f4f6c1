// SPDX-License-Identifier: MIT
#include "interpreter/session/environment.hpp"

#include "interpreter/binding/display.hpp"
#include "interpreter/binding/module.hpp"

namespace lunops::lua {

namespace {

const char kEnvironmentKey = 0;
// The table of `lo`, `help`, `ans`: not _G, so scripts cannot depend on them.
const char kSessionKey = 0;

void note_use(lua_State* L) noexcept {
  if (State* state = find_state(L)) state->used_kept_local = true;
}

// upvalues of the three: values of kept names, set of kept names, session names, _G
int read_name(lua_State* L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    note_use(L);
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) return 1;
  lua_pushvalue(L, 2);
  lua_gettable(L, lua_upvalueindex(4));
  return 1;
}

int write_name(lua_State* L) {
  lua_settop(L, 3);
  lua_pushvalue(L, 2);
  const bool is_kept = lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL;
  lua_pop(L, 1);
  if (is_kept) {
    note_use(L);
    lua_rawset(L, lua_upvalueindex(1));
  } else {
    lua_settable(L, lua_upvalueindex(4));
  }
  return 0;
}

int keep_local(lua_State* L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  lua_pushboolean(L, 1);
  lua_rawset(L, lua_upvalueindex(2));
  lua_rawset(L, lua_upvalueindex(1));
  return 0;
}

void push_with_upvalues(lua_State* L, int first, lua_CFunction f) {
  for (int i = 0; i < 4; ++i) lua_pushvalue(L, first + i);
  lua_pushcclosure(L, f, 4);
}

}  // namespace

void push_environment(lua_State* L, State&) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kEnvironmentKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  const int first = lua_gettop(L) + 1;
  lua_createtable(L, 0, 0);
  lua_createtable(L, 0, 0);
  lua_createtable(L, 0, 2);
  luaL_requiref(L, "lunops", luaopen_lunops, 0);
  lua_getfield(L, -1, "help");
  lua_setfield(L, -3, "help");
  lua_setfield(L, -2, "lo");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kSessionKey);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_createtable(L, 0, 1);
  push_with_upvalues(L, first, keep_local);
  lua_pushlstring(L, "\0keep", 5);
  lua_insert(L, -2);
  lua_rawset(L, -3);
  lua_createtable(L, 0, 2);
  push_with_upvalues(L, first, read_name);
  lua_setfield(L, -2, "__index");
  push_with_upvalues(L, first, write_name);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kEnvironmentKey);
  lua_replace(L, first);
  lua_settop(L, first);
}

std::string keep_statements(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += "_ENV[\"\\0keep\"](\"" + name + "\", " + name + ");";
  return text;
}

int echo_entry(lua_State* L) {
  State& state = state_of(L);
  const int count = lua_gettop(L);
  if (!lua_isnil(L, 1) && lua_rawgetp(L, LUA_REGISTRYINDEX, &kSessionKey) == LUA_TTABLE) {
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "ans");
  }
  lua_settop(L, count);
  for (int i = 1; i <= count; ++i) display(L, state, i);
  return 0;
}

}  // namespace lunops::lua
