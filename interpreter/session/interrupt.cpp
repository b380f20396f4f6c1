// SPDX-License-Identifier: MIT
#include "interpreter/session/interrupt.hpp"

namespace lunops::lua {

namespace {

const char kInterrupt = 0;
constexpr int kEverywhere = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;

// Stays armed: a pcall of the script that catches the value is hit again at its next step.
void stop(lua_State* L, lua_Debug*) {
  const State* state = find_state(L);
  if (state == nullptr || state->interrupt == nullptr) {
    // A coroutine that was armed by an interrupt which is over.
    lua_sethook(L, nullptr, 0, 0);
    return;
  }
  lua_sethook(L, stop, kEverywhere, 1);
  lua_pushlightuserdata(L, const_cast<char*>(&kInterrupt));
  lua_error(L);
}

// Runs `co` with the values on top of L's stack; results replace them.  Returns their number, or -1
// with the error value on top.
int resume(lua_State* L, State& state, lua_State* co, int count) {
  if (!lua_checkstack(co, count)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, count);
  lua_State* before = state.running;
  state.running = co;
  if (state.interrupt != nullptr) lua_sethook(co, stop, kEverywhere, 1);
  int results = 0;
  const int status = lua_resume(co, L, count, &results);
  state.running = before;
  if (status == LUA_OK || status == LUA_YIELD) {
    if (!lua_checkstack(L, results + 1)) {
      lua_pop(co, results);
      lua_pushliteral(L, "too many results to resume");
      return -1;
    }
    lua_xmove(co, L, results);
    return results;
  }
  lua_xmove(co, L, 1);
  return -1;
}

lua_State* coroutine_at(lua_State* L) {
  lua_State* co = lua_tothread(L, 1);
  if (co == nullptr) luaL_typeerror(L, 1, "coroutine");
  return co;
}

int coroutine_resume(lua_State* L) {
  State& state = *static_cast<State*>(lua_touserdata(L, lua_upvalueindex(1)));
  lua_State* co = coroutine_at(L);
  const int count = resume(L, state, co, lua_gettop(L) - 1);
  if (count < 0) {
    if (is_interrupt(L, -1)) lua_error(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, -(count + 1));
  return count + 1;
}

int call_wrapped(lua_State* L) {
  State& state = *static_cast<State*>(lua_touserdata(L, lua_upvalueindex(1)));
  lua_State* co = lua_tothread(L, lua_upvalueindex(2));
  const int count = resume(L, state, co, lua_gettop(L));
  if (count >= 0) return count;
  const int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_resetthread(co);  // closes its variables
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

int coroutine_wrap(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_State* co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, call_wrapped, 2);
  return 1;
}

// coroutine.close: pending to-be-closed variables run in the coroutine.
int coroutine_close(lua_State* L) {
  State& state = *static_cast<State*>(lua_touserdata(L, lua_upvalueindex(1)));
  lua_State* co = coroutine_at(L);
  lua_Debug frame;
  const bool is_suspended = lua_status(co) == LUA_YIELD;
  const bool is_fresh_or_dead = lua_status(co) != LUA_YIELD && lua_getstack(co, 0, &frame) == 0;
  if (co == L || (!is_suspended && !is_fresh_or_dead))
    return luaL_error(L, "cannot close a running coroutine");
  lua_State* before = state.running;
  state.running = co;
  const int status = lua_resetthread(co);
  state.running = before;
  lua_pushboolean(L, status == LUA_OK);
  if (status == LUA_OK) return 1;
  lua_xmove(co, L, 1);
  if (is_interrupt(L, -1)) lua_error(L);
  return 2;
}

}  // namespace

void watch_coroutines(lua_State* L, State& state) {
  if (lua_getglobal(L, "coroutine") == LUA_TTABLE) {
    lua_pushlightuserdata(L, &state);
    lua_pushcclosure(L, coroutine_resume, 1);
    lua_setfield(L, -2, "resume");
    lua_pushlightuserdata(L, &state);
    lua_pushcclosure(L, coroutine_wrap, 1);
    lua_setfield(L, -2, "wrap");
    lua_pushlightuserdata(L, &state);
    lua_pushcclosure(L, coroutine_close, 1);
    lua_setfield(L, -2, "close");
  }
  lua_pop(L, 1);
}

void request_interrupt(State& state) noexcept {
  state.cancel.store(true);
  state.interrupt = &kInterrupt;
  lua_sethook(state.main, stop, kEverywhere, 1);
  if (state.running != state.main) lua_sethook(state.running, stop, kEverywhere, 1);
}

void clear_interrupt(State& state) noexcept {
  state.interrupt = nullptr;
  state.cancel.store(false);
  state.running = state.main;
  lua_sethook(state.main, nullptr, 0, 0);
}

bool is_interrupt(lua_State* L, int index) noexcept {
  return lua_touserdata(L, index) == static_cast<const void*>(&kInterrupt);
}

}  // namespace lunops::lua
