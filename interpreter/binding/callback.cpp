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

}  // namespace

void Callback::call(Step push, Step read, void* data) const {
  Request request{state, push, read, data};
  if (!lua_checkstack(L, 6)) throw std::bad_alloc();
  lua_pushcfunction(L, call_inside);
  lua_pushlightuserdata(L, &request);
  lua_pushvalue(L, function);
  const int status = lua_pcall(L, 2, 0, 0);
  state->running = L;  // the function may have run coroutines that are gone
  if (status == LUA_OK) return;
  lua_copy(L, -1, slot);
  lua_pop(L, 1);
  throw CallbackFailed{slot};
}

}  // namespace lunops::lua
