// SPDX-License-Identifier: MIT
#include "interpreter/binding/entry.hpp"

namespace lunops::lua {

namespace {

const char kRegistryKey = 0;  // registry[&kRegistryKey]: hash -> box, weak values

void push_registry(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kRegistryKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 16);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kRegistryKey);
}

}  // namespace

const BoxType Boxed<Linop>::type = {
    "lunops.Linop", "operator", [](void* slot) noexcept { static_cast<Linop*>(slot)->~Linop(); }};

void share_linop(lua_State* L, State&) {
  luaL_checkstack(L, 8, nullptr);
  const int mine = lua_gettop(L);
  const Node& node = box_at<Linop>(L, mine)->value().node();
  auto key = static_cast<lua_Integer>(box_at<Linop>(L, mine)->value().hash());
  push_registry(L);
  // Nodes with equal hashes sit at the following integers.
  for (;; ++key) {
    if (lua_rawgeti(L, -1, key) == LUA_TNIL) break;
    auto* other = box_at<Linop>(L, -1);
    if (other == nullptr || !other->full) break;
    if (other->value().node() == node) {
      close_box(box_at<Linop>(L, mine), "shared");
      lua_replace(L, mine);
      lua_settop(L, mine);
      return;
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  lua_pushvalue(L, mine);
  lua_rawseti(L, -2, key);
  lua_settop(L, mine);
}

void push_linop(lua_State* L, State& state, const Linop& a) {
  push_box<Linop>(L, state)->emplace(Linop(a));
  share_linop(L, state);
}

std::string tree_of(const Linop& a) {
  std::string text = a.tree();
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace lunops::lua
