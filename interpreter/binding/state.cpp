// SPDX-License-Identifier: MIT
#include "interpreter/binding/state.hpp"

#include <cstdio>
#include <cstring>
#include <new>

#include "interpreter/binding/box.hpp"
#include "interpreter/binding/failure.hpp"
#include "interpreter/binding/lua_function.hpp"

namespace lunops::lua {

namespace {

const char kStateKey = 0;

// Asked for by the account before it allocates (lua-host §2).  A full collection may run finalisers
// of ours, which only drop references.  Inside a finaliser lua_gc does nothing and says so.
bool collect(void* self, Device, size_t) noexcept {
  State& state = *static_cast<State*>(self);
  return lua_gc(state.running, LUA_GCCOLLECT) == 0;
}

struct Slot {
  alignas(State) std::byte bytes[sizeof(State)];
  bool full;
};

int close_state(lua_State* L) {
  Slot* slot = static_cast<Slot*>(lua_touserdata(L, 1));
  if (slot->full) {
    slot->full = false;
    reinterpret_cast<State*>(slot->bytes)->~State();
  }
  return 0;
}

}  // namespace

State::State(lua_State* L)
    : main(L), running(L), functions(std::make_shared<KeptFunctions>(*this)) {
  context.cancel = &cancel;
  context.listener = this;
  context.account->set_pressure(collect, this);
}

State::~State() {
  functions->close();
  context.account->set_pressure(nullptr, nullptr);
}

Context State::enter(lua_State* L) noexcept {
  functions->release_dropped(L);
  lua_Debug frame;
  // "Sl" fills the record and allocates nothing.
  if (lua_getstack(L, 1, &frame) && lua_getinfo(L, "Sl", &frame) && frame.currentline > 0) {
    if (frame.source != origin_source_ || frame.currentline != origin_line_) {
      std::snprintf(origin_, sizeof(origin_), "%s:%d", frame.short_src, frame.currentline);
      origin_source_ = frame.source;
      origin_line_ = frame.currentline;
    }
    context.origin = origin_;
  } else {
    context.origin = nullptr;
  }
  return context;
}

void State::warn(std::string_view place, std::string_view text) {
  if (warnings_are_errors) fail(Code::argument, place, "{} (a warning, made an error by -W)", text);
  if (!warned.emplace(place, text).second) return;
  warnings.push_back({std::string(place), std::string(text)});
  const std::string line = std::string(place) + ": " + std::string(text);
  if (sink != nullptr) {
    sink->note(line);
  } else {
    std::fprintf(stderr, "warning: %s\n", line.c_str());
  }
}

void State::note(std::string_view text) {
  if (sink != nullptr) {
    sink->note(text);
  } else {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  }
}

bool State::stop(std::string_view label, const Tensor& x, std::string_view mode) {
  return on_stop != nullptr && on_stop(session, label, x, mode);
}

void State::progress(const ProgressEvent& event) {
  if (sink != nullptr) sink->progress(event);
}

State* find_state(lua_State* L) noexcept {
  if (!lua_checkstack(L, 1)) return nullptr;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kStateKey);
  Slot* slot = static_cast<Slot*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return slot != nullptr && slot->full ? reinterpret_cast<State*>(slot->bytes) : nullptr;
}

State& open_state(lua_State* L) {
  if (State* found = find_state(L)) return *found;
  luaL_checkstack(L, 4, nullptr);
  Slot* slot = static_cast<Slot*>(lua_newuserdatauv(L, sizeof(Slot), 0));
  slot->full = false;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, close_state);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State* main = lua_tothread(L, -1);
  lua_pop(L, 1);
  const char* problem = nullptr;
  [&]() noexcept {
    try {
      new (slot->bytes) State(main);
      slot->full = true;
    } catch (const std::bad_alloc&) {
      problem = "the system has no memory left";
    } catch (...) {
      problem = "the runtime could not be started";
    }
  }();
  if (problem != nullptr) luaL_error(L, "lunops: %s", problem);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kStateKey);
  return *find_state(L);
}

bool raise_interrupt(lua_State* L) noexcept {
  State* state = find_state(L);
  if (state == nullptr || state->interrupt == nullptr) return false;
  lua_pushlightuserdata(L, const_cast<void*>(state->interrupt));
  return true;
}

}  // namespace lunops::lua
