// SPDX-License-Identifier: MIT
#include "interpreter/binding/lua_function.hpp"

#include <new>

#include "interpreter/binding/failure.hpp"

namespace lunops::lua {

KeptFunctions::~KeptFunctions() {
  while (dropped_ != nullptr) delete std::exchange(dropped_, dropped_->next);
}

void KeptFunctions::drop(Reference* reference) noexcept {
  // The reference may hold the last share in this list.
  const std::shared_ptr<KeptFunctions> self = std::move(reference->owner);
  const std::lock_guard lock(mutex_);
  if (state_ == nullptr || reference->number == LUA_NOREF) {
    delete reference;
    return;
  }
  reference->next = std::exchange(dropped_, reference);
  has_dropped_.store(true, std::memory_order_release);
}

void KeptFunctions::release_dropped(lua_State* L) noexcept {
  if (!has_dropped_.load(std::memory_order_acquire) || !lua_checkstack(L, 4)) return;
  Reference* list = nullptr;
  {
    const std::lock_guard lock(mutex_);
    list = std::exchange(dropped_, nullptr);
    has_dropped_.store(false, std::memory_order_relaxed);
  }
  while (list != nullptr) {
    luaL_unref(L, LUA_REGISTRYINDEX, list->number);
    delete std::exchange(list, list->next);
  }
}

void KeptFunctions::close() noexcept {
  const std::lock_guard lock(mutex_);
  state_ = nullptr;
}

LuaFunction::LuaFunction(State& state, const FunctionSlot& slot) {
  using Reference = KeptFunctions::Reference;
  auto made = std::make_unique<Reference>(Reference{state.functions, LUA_NOREF, nullptr});
  reference_ = {made.release(), [](Reference* r) { r->owner->drop(r); }};
  Reference* reference = reference_.get();
  lua_State* L = state.running;
  if (!lua_checkstack(L, 4)) throw std::bad_alloc();
  lua_pushcfunction(L, [](lua_State* l) {
    auto* r = static_cast<Reference*>(lua_touserdata(l, 1));
    r->number = luaL_ref(l, LUA_REGISTRYINDEX);
    return 0;
  });
  lua_pushlightuserdata(L, reference);
  slot.push(L);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return;
  lua_pop(L, 1);
  throw std::bad_alloc();
}

void LuaFunction::call(Callback::Step push,
                       Callback::Step read,
                       void* data,
                       std::string_view owner) const {
  State* state = nullptr;
  {
    KeptFunctions& all = *reference_->owner;
    const std::lock_guard lock(all.mutex_);
    state = all.state_;
  }
  if (state == nullptr) fail(Code::closed, owner, "the Lua state of its functions is closed");
  if (state->depth == 0 || state->thread != std::this_thread::get_id()) {
    fail(Code::thread, owner,
         "its functions are Lua code, which runs only where its own state applies the operator");
  }
  lua_State* L = state->running;
  if (!lua_checkstack(L, 4)) throw std::bad_alloc();
  lua_rawgeti(L, LUA_REGISTRYINDEX, reference_->number);
  lua_pushnil(L);
  const int slot = lua_gettop(L);
  // After a failure the error stays in its slot until the entry raises it.
  Callback{L, state, slot - 1, slot}.call(push, read, data);
  lua_settop(L, slot - 2);
}

}  // namespace lunops::lua
