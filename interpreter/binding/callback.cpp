// SPDX-License-Identifier: MIT
#include "interpreter/binding/callback.hpp"

#include "interpreter/binding/failure.hpp"

namespace lunops::lua {

namespace {

struct Request {
  State* state;
  Callback::Step push, read;
  void* data;
};

// Stack: the request, the Lua function.
int call_inside(lua_State* L) {
  const Request& request = *static_cast<Request*>(lua_touserdata(L, 1));
  lua_settop(L, 2);
  const int arguments = request.push(L, *request.state, request.data);
  lua_call(L, arguments, 1);
  request.read(L, *request.state, request.data);
  return 0;
}

// Sees the stack of a function that fails, before it is gone.
int watch_error(lua_State* L) {
  State* state = find_state(L);
  const void* value = lua_topointer(L, 1);
  // An error on its way out passes the handlers of the callbacks around it as well.
  if (state != nullptr && state->on_callback_error != nullptr &&
      (value == nullptr || value != state->failed_value)) {
    state->on_callback_error(state->session, L);
    state->failed_value = value;
  }
  return 1;
}

}  // namespace

void Callback::call(Step push, Step read, void* data) const {
  Request request{state, push, read, data};
  if (!lua_checkstack(L, 6)) throw std::bad_alloc();
  lua_pushcfunction(L, watch_error);
  const int handler = lua_gettop(L);
  lua_pushcfunction(L, call_inside);
  lua_pushlightuserdata(L, &request);
  lua_pushvalue(L, function);
  const int status = lua_pcall(L, 2, 0, handler);
  state->running = L;  // the function may have run coroutines that are gone
  if (status == LUA_OK) {
    lua_pop(L, 1);
    return;
  }
  lua_copy(L, -1, slot);
  lua_pop(L, 2);
  throw CallbackFailed(slot);
}

}  // namespace lunops::lua
