// SPDX-License-Identifier: MIT
#include "interpreter/binding/members.hpp"

#include <string>
#include <vector>

#include "interpreter/binding/entry.hpp"

namespace lunops::lua {

namespace {

// Pushes the cached value of a property, or nothing.
bool push_cached(lua_State* L, const Record* record) {
  if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE && lua_rawgetp(L, -1, record) != LUA_TNIL)
    return true;
  lua_settop(L, 2);
  return false;
}

void keep_cached(lua_State* L, const Record* record) {
  const int value = lua_gettop(L);
  if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, 1);
  }
  lua_pushvalue(L, value);
  lua_rawsetp(L, -2, record);
  lua_pop(L, 1);
}

// upvalues: state, members, missing (light userdata of a function, or nil)
int index_entry(lua_State* L) {
  lua_settop(L, 2);
  BoxHeader* box = any_box(L, 1);
  if (box == nullptr)
    raise_text(L, Code::argument, "index", "the first argument is a %s, not a value of lunops",
               luaL_typename(L, 1));
  lua_pushvalue(L, 2);
  switch (lua_rawget(L, lua_upvalueindex(2))) {
    case LUA_TFUNCTION:
      return 1;
    case LUA_TLIGHTUSERDATA: {
      const auto* record = static_cast<const Record*>(lua_touserdata(L, -1));
      if (record->is_cached && box->full && push_cached(L, record)) return 1;
      lua_settop(L, 1);
      record->entry(L);
      if (record->is_cached) keep_cached(L, record);
      return 1;
    }
    default:
      break;
  }
  lua_settop(L, 2);
  if (lua_isuserdata(L, lua_upvalueindex(3)))
    return reinterpret_cast<lua_CFunction>(lua_touserdata(L, lua_upvalueindex(3)))(L);
  raise_no_member(L, box->type->noun, lua_upvalueindex(2));
}

}  // namespace

int refuse_assignment(lua_State* L) {
  const BoxHeader* box = any_box(L, 1);
  raise_text(L, Code::argument, "assign", "a %s is read-only: cannot set '%s'",
             box != nullptr ? box->type->noun : "value",
             lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2));
}

namespace {

void install_member(lua_State* L, State& state, const Record& record, int meta, int members) {
  const std::string_view name = short_name(record.info->name);
  switch (record.kind) {
    case RecordKind::function:
    case RecordKind::constructor:
      return;
    case RecordKind::property:
      lua_pushlstring(L, name.data(), name.size());
      lua_pushlightuserdata(L, const_cast<Record*>(&record));
      lua_rawset(L, members);
      return;
    case RecordKind::method:
    case RecordKind::metamethod:
      lua_pushlstring(L, name.data(), name.size());
      lua_pushlightuserdata(L, &state);
      lua_pushcclosure(L, record.entry, 1);
      lua_rawset(L, record.kind == RecordKind::method ? members : meta);
  }
}

}  // namespace

void raise_no_member(lua_State* L, const char* noun, int members) {
  State& state = state_of(L);
  if (lua_type(L, 2) != LUA_TSTRING)
    raise_text(L, Code::argument, noun, "has no element [%s]",
               lua_type(L, 2) == LUA_TNUMBER ? luaL_tolstring(L, 2, nullptr) : luaL_typename(L, 2));
  // The names are collected in a scratch box, so that an error of lua_next leaves no owner.
  using Names = std::vector<std::string>;
  Box<Value>* scratch = push_box<Value>(L, state, false);
  scratch->emplace(Value(Table{}));
  Table& names = **std::get_if<std::unique_ptr<Table>>(&scratch->value().data);
  Failure why;
  lua_pushnil(L);
  for (; lua_next(L, members); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    if (!run(state, why, [&] { names.list.emplace_back(lua_tostring(L, -2)); })) raise(L, why);
  }
  run(state, why, [&] {
    Names known;
    for (const Value& name : names.list) known.push_back(*name.get<std::string>());
    const std::string key = lua_tostring(L, 2);
    fail(Code::argument, noun, "has no member '{}'{}", key, suggestion(key, known));
  });
  raise(L, why);
}

void install_functions(lua_State* L, State& state, std::span<const Record> records) {
  for (const Record& record : records) {
    if (record.kind != RecordKind::function && record.kind != RecordKind::constructor) continue;
    if (record.entry == nullptr) continue;
    const std::string_view name = short_name(record.info->name);
    lua_pushlstring(L, name.data(), name.size());
    lua_pushlightuserdata(L, &state);
    lua_pushcclosure(L, record.entry, 1);
    lua_rawset(L, -3);
  }
}

void install_type(lua_State* L,
                  State& state,
                  const BoxType& type,
                  std::initializer_list<std::span<const Record>> topics,
                  lua_CFunction missing,
                  lua_CFunction assign) {
  push_new_metatable(L, state, type);
  const int meta = lua_gettop(L);
  lua_createtable(L, 0, 32);
  const int members = lua_gettop(L);
  for (const std::span<const Record> records : topics)
    for (const Record& record : records) install_member(L, state, record, meta, members);
  lua_pushlightuserdata(L, &state);
  lua_pushcclosure(L, close_entry, 1);
  lua_setfield(L, members, "close");
  if (lua_getfield(L, meta, "__index") == LUA_TNIL) {
    lua_pushlightuserdata(L, &state);
    lua_pushvalue(L, members);
    if (missing != nullptr) {
      lua_pushlightuserdata(L, reinterpret_cast<void*>(missing));
    } else {
      lua_pushnil(L);
    }
    lua_pushcclosure(L, index_entry, 3);
    lua_setfield(L, meta, "__index");
  }
  lua_pushlightuserdata(L, &state);
  lua_pushcclosure(L, assign, 1);
  lua_setfield(L, meta, "__newindex");
  lua_settop(L, meta - 1);
}

}  // namespace lunops::lua
