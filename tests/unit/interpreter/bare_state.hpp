// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include <lua.hpp>

#include "interpreter/binding/module.hpp"
#include "interpreter/binding/state.hpp"

namespace lunops::lua {

// A Lua state with the bindings and an allocator that can be told to fail.
class BareState {
 public:
  BareState() {
    L_ = lua_newstate(allocate, this);
    luaL_openlibs(L_);
    luaL_requiref(L_, "lunops", luaopen_lunops, 0);
    lua_setglobal(L_, "lo");
  }
  ~BareState() { lua_close(L_); }
  BareState(const BareState&) = delete;

  lua_State* lua() { return L_; }
  State& state() { return *find_state(L_); }

  // Lets the n-th allocation from now on fail, and `count` in all: Lua collects and tries again
  // once, so a single failure is invisible.  -1: off.
  void fail_at(int64_t n, int64_t count) {
    left_ = n;
    count_ = count;
    failed_ = 0;
  }
  int64_t failed() const { return failed_; }

  // Loads and runs; leaves the error on the stack if there is one.
  int run(const char* text) {
    lua_settop(L_, 0);
    const int status = luaL_loadstring(L_, text);
    return status != LUA_OK ? status : lua_pcall(L_, 0, 1, 0);
  }
  // What the script returns as an integer; -1 on error.
  int64_t result(const char* text) {
    return run(text) == LUA_OK ? lua_tointegerx(L_, -1, nullptr) : -1;
  }
  int64_t collected_boxes() {
    lua_settop(L_, 0);
    lua_gc(L_, LUA_GCCOLLECT);
    lua_gc(L_, LUA_GCCOLLECT);
    return state().live_boxes;
  }

 private:
  static void* allocate(void* self, void* memory, size_t, size_t bytes) {
    auto& state = *static_cast<BareState*>(self);
    if (bytes == 0) {
      std::free(memory);
      return nullptr;
    }
    if (state.left_ >= 0 && state.left_-- <= 0 && state.failed_ < state.count_) {
      ++state.failed_;
      state.left_ = 0;
      return nullptr;
    }
    return std::realloc(memory, bytes);
  }

  lua_State* L_;
  int64_t left_ = -1, count_ = 0, failed_ = 0;
};

// One example of each kind of record.
struct Example {
  const char* kind;
  const char* text;
};
inline constexpr Example kEachKind[] = {
    {"function", "return lo.rearrange(x, 'y x -> (y x)').count"},
    {"function with options", "return lo.ones('x=3', { dtype = 'f32' }).count"},
    {"function with nested table", "return lo.tensor({ { 1, 2 }, { 3, 4 } }, 'y x').count"},
    {"constructor", "return #lo.FFT{ 'x -> k', norm = 'ortho', extent = { x = 4 } }.dims"},
    {"method", "return x:clone().count"},
    {"metamethod", "return (x + x).count"},
    {"operator application", "return A(x).count"},
    {"property", "return x.shape.extent.x"},
    {"cached operator", "return #A.H.N.dims"},
    {"callback",
     "local n = 0; lo.cg(A, x, { on_iteration = function(it) n = n + it.iteration end }) return n"},
    {"scope", "return lo.scope(function() return x + 1 end).count"},
    {"table result", "return lo.memory().cpu.live"},
};
inline constexpr const char* kPrepare = "x = lo.ones 'y=2 x=3'; A = 2 * lo.Identity 'y x'";

}  // namespace lunops::lua
