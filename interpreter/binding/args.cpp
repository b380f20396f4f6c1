// SPDX-License-Identifier: MIT
#include "interpreter/binding/args.hpp"

#include <cstring>

namespace lunops::lua {

void raise_kind(lua_State* L, const Place& place, const char* expected) {
  const char* article = std::strchr("aeiou", expected[0]) != nullptr ? "an" : "a";
  const BoxHeader* box = any_box(L, place.position);
  const char* got = box != nullptr ? box->type->noun : luaL_typename(L, place.position);
  raise_text(L, Code::argument, place.operation, "argument %d (%s) must be %s %s, got %s",
             place.position, place.name, article, expected, got);
}

TextArg::Raw TextArg::decode(lua_State* L, const Place& place) {
  if (lua_type(L, place.position) != LUA_TSTRING) raise_kind(L, place, "string");
  size_t length = 0;
  const char* text = lua_tolstring(L, place.position, &length);
  return {text, length};
}

NumberArg::Raw NumberArg::decode(lua_State* L, const Place& place) {
  if (lua_type(L, place.position) != LUA_TNUMBER) raise_kind(L, place, "number");
  return lua_tonumberx(L, place.position, nullptr);
}

IntArg::Raw IntArg::decode(lua_State* L, const Place& place) {
  int is_whole = 0;
  const lua_Integer n = lua_tointegerx(L, place.position, &is_whole);
  if (lua_type(L, place.position) != LUA_TNUMBER || !is_whole) raise_kind(L, place, "integer");
  return n;
}

BoolArg::Raw BoolArg::decode(lua_State* L, const Place& place) {
  if (!lua_isboolean(L, place.position)) raise_kind(L, place, "boolean");
  return lua_toboolean(L, place.position) != 0;
}

ScalarArg::Raw ScalarArg::decode(lua_State* L, const Place& place) {
  if (lua_type(L, place.position) == LUA_TNUMBER)
    return {lua_tonumberx(L, place.position, nullptr), 0};
  auto* z = box_at<c128>(L, place.position);
  if (z == nullptr) raise_kind(L, place, "number or lo.complex");
  return {z->value().real(), z->value().imag()};
}

ShapeArg::Raw ShapeArg::decode(lua_State* L, const Place& place) {
  if (lua_type(L, place.position) == LUA_TSTRING) {
    size_t length = 0;
    const char* text = lua_tolstring(L, place.position, &length);
    return {nullptr, {text, length}};
  }
  auto* shape = box_at<Shape>(L, place.position);
  if (shape == nullptr) raise_kind(L, place, "shape or string");
  return {&shape->value(), {}};
}

}  // namespace lunops::lua
