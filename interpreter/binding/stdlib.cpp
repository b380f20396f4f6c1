// SPDX-License-Identifier: MIT
#include "interpreter/binding/stdlib.hpp"

#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "interpreter/binding/articles.hpp"
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/members.hpp"
#include "interpreter/binding/module.hpp"

namespace lunops::lua {

namespace {

const char kFolderKey = 0;

// Loads the chunk of module "mri.radial" and pushes it; returns false, nothing pushed, if there is
// no such file.  Raises on syntax errors.
bool push_chunk(lua_State* L, const char* module) {
  const char* path = luaL_gsub(L, module, ".", "/");
  const bool from_disc = lua_rawgetp(L, LUA_REGISTRYINDEX, &kFolderKey) == LUA_TSTRING;
  const char* folder = lua_tostring(L, -1);
  const int base = lua_gettop(L) - 2;
  for (const char* form : {"%s.lua", "%s/init.lua"}) {
    const char* file = lua_pushfstring(L, form, path);
    int status = LUA_ERRFILE;
    if (from_disc) {
      const char* full = lua_pushfstring(L, "%s/%s", folder, file);
      status = luaL_loadfilex(L, full, "t");
    } else {
      for (const EmbeddedFile& embedded : embedded_files()) {
        if (embedded.path != file) continue;
        const char* name = lua_pushfstring(L, "@lunops/%s", file);
        status = luaL_loadbufferx(L, embedded.text.data(), embedded.text.size(), name, "t");
      }
    }
    if (status == LUA_OK) {
      lua_replace(L, base + 1);
      lua_settop(L, base + 1);
      return true;
    }
    if (status != LUA_ERRFILE) lua_error(L);
  }
  lua_settop(L, base);
  return false;
}

// package.searchers: "lunops.mri.radial".
int search(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  if (std::strncmp(name, "lunops.", 7) != 0) return 0;
  if (!push_chunk(L, name + 7)) {
    lua_pushfstring(L, "no module '%s' in the stdlib of lunops", name + 7);
    return 1;
  }
  lua_pushstring(L, name);
  return 2;
}

bool has_module(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files())
    if (file.path.substr(0, name.size()) == name &&
        (file.path.substr(name.size()) == ".lua" || file.path.substr(name.size()) == "/init.lua"))
      return true;
  return false;
}

// The file of the stdlib whose function of this name makes an operator, or "".
std::string_view file_of_operator(std::string_view name) noexcept {
  try {
    const Article* article = find_article(name);
    if (article != nullptr && article->is_operator()) return article->file;
  } catch (const std::bad_alloc&) {
  }
  return {};
}

// Pushes M.name of such a file, which `require` loads.
void push_operator(lua_State* L, std::string_view file, const char* name) {
  lua_getglobal(L, "require");
  luaL_Buffer module;
  luaL_buffinit(L, &module);
  luaL_addstring(&module, "lunops.");
  std::string_view path = file.substr(0, file.rfind('.'));
  if (path.ends_with("/init")) path.remove_suffix(5);
  for (const char c : path) luaL_addchar(&module, c == '/' ? '.' : c);
  luaL_pushresult(&module);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, name);
}

// lo.name for a name that is not there yet.  upvalues: state, the module table
int missing(lua_State* L) {
  lua_settop(L, 2);
  const char* name = lua_tostring(L, 2);
  if (lua_type(L, 2) != LUA_TSTRING)
    raise_text(L, Code::argument, "lunops", "has no element [%s]", luaL_tolstring(L, 2, nullptr));
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kFolderKey);
  const bool may_exist = lua_isstring(L, -1) || has_module(name);
  lua_pop(L, 1);
  if (may_exist) {
    lua_pushfstring(L, "lunops.%s", name);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    if (lua_rawget(L, -2) == LUA_TNIL && push_chunk(L, name)) {
      lua_pushfstring(L, "lunops.%s", name);
      lua_call(L, 1, 1);
      lua_pushvalue(L, 3);
      lua_pushvalue(L, -2);
      lua_rawset(L, 4);
    }
    if (!lua_isnil(L, -1)) {
      lua_pushvalue(L, 2);
      lua_pushvalue(L, -2);
      lua_rawset(L, lua_upvalueindex(2));
      return 1;
    }
    lua_settop(L, 2);
  }
  if (const std::string_view file = file_of_operator(name); !file.empty()) {
    push_operator(L, file, name);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(2));
    return 1;
  }
  raise_no_member(L, "lunops", lua_upvalueindex(2));
}

}  // namespace

void set_stdlib_folder(lua_State* L, const char* folder) {
  lua_pushstring(L, folder);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kFolderKey);
}

void install_stdlib(lua_State* L, State& state) {
  const int module = lua_gettop(L);
  lua_createtable(L, 0, 2);
  lua_pushlightuserdata(L, &state);
  lua_pushvalue(L, module);
  lua_pushcclosure(L, missing, 2);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, module);
  if (lua_getglobal(L, LUA_LOADLIBNAME) == LUA_TTABLE &&
      lua_getfield(L, -1, "searchers") == LUA_TTABLE) {
    lua_pushcfunction(L, search);
    lua_rawseti(L, -2, static_cast<lua_Integer>(lua_rawlen(L, -2)) + 1);
  }
  lua_settop(L, module);
}

}  // namespace lunops::lua
