// SPDX-License-Identifier: MIT
#include "interpreter/binding/failure.hpp"

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>

#include "interpreter/binding/state.hpp"

namespace lunops::lua {

namespace {

const char kErrorKey = 0;

void put(char* to, size_t size, std::string_view text) noexcept {
  if (text.size() < size) {
    std::memcpy(to, text.data(), text.size());
    to[text.size()] = 0;
    return;
  }
  constexpr std::string_view dots = "…";
  size_t n = size - 1 - dots.size();
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  std::memcpy(to, text.data(), n);
  std::memcpy(to + n, dots.data(), dots.size());
  to[n + dots.size()] = 0;
}

// What a test asked each compute to throw instead of working.
void throw_for_test(TestThrow what) {
  switch (what) {
    case TestThrow::none:
      return;
    case TestThrow::error:
      fail(Code::argument, "test", "thrown on request");
    case TestThrow::memory:
      throw std::bad_alloc();
    case TestThrow::standard:
      throw std::runtime_error("thrown on request");
    case TestThrow::other:
      throw 42;
  }
}

void set_field(lua_State* L, const char* name, std::string_view text) {
  lua_pushstring(L, name);
  lua_pushlstring(L, text.data(), text.size());
  lua_rawset(L, -3);
}

// Text in a buffer of fixed size; what does not fit is left out.
struct Writer {
  char text[2048];
  size_t size = 0;

  void add(std::string_view more) noexcept {
    const size_t n = std::min(more.size(), sizeof(text) - size);
    std::memcpy(text + size, more.data(), n);
    size += n;
  }
  void add(int number) noexcept {
    char digits[12];
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), number);
    add({digits, static_cast<size_t>(end.ptr - digits)});
  }
};

// The stack as err.traceback has it, and "script.lua:12" of the innermost function that is not our
// own.  luaL_traceback searches package.loaded for each function: 17 of 20 µs that a caught error
// took, on a Xeon with three frames.
struct Stack {
  Writer where, traceback;
};

void describe(lua_State* L, Stack& stack) noexcept {
  constexpr int kMostFrames = 22;
  stack.traceback.add("stack traceback:");
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame); ++level) {
    if (level > kMostFrames) {
      stack.traceback.add("\n\t...");
      break;
    }
    if (!lua_getinfo(L, "Sln", &frame)) break;
    if (stack.where.size == 0 && frame.currentline > 0 && !is_own_source(frame.source)) {
      stack.where.add(frame.short_src);
      stack.where.add(":");
      stack.where.add(frame.currentline);
    }
    stack.traceback.add("\n\t");
    stack.traceback.add(frame.short_src);
    if (frame.currentline > 0) {
      stack.traceback.add(":");
      stack.traceback.add(frame.currentline);
    }
    if (frame.what[0] == 'm') {
      stack.traceback.add(": in main chunk");
    } else if (frame.name != nullptr) {
      stack.traceback.add(": in ");
      stack.traceback.add(frame.namewhat[0] != 0 ? frame.namewhat : "function");
      stack.traceback.add(" '");
      stack.traceback.add(frame.name);
      stack.traceback.add("'");
    } else {
      stack.traceback.add(": in a function");
    }
  }
}

int error_tostring(lua_State* L) {
  lua_pushliteral(L, "operation");
  const bool has_operation = lua_istable(L, 1) && lua_rawget(L, 1) == LUA_TSTRING;
  if (!has_operation) {
    lua_pushliteral(L, "lunops.Error");
    return 1;
  }
  size_t operation_length = 0;
  lua_tolstring(L, -1, &operation_length);
  lua_pushliteral(L, ": ");
  lua_pushliteral(L, "message");
  lua_rawget(L, 1);
  if (!lua_isstring(L, -1)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "");
  }
  if (operation_length == 0) return 1;
  lua_concat(L, 3);
  return 1;
}

int error_concat(lua_State* L) {
  luaL_tolstring(L, 1, nullptr);
  luaL_tolstring(L, 2, nullptr);
  lua_concat(L, 2);
  return 1;
}

// err:match "coil": a method of string called on the error's text.
int call_string_method(lua_State* L) {
  const int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  luaL_tolstring(L, 1, nullptr);
  for (int i = 2; i <= count; ++i) lua_pushvalue(L, i);
  lua_call(L, count, LUA_MULTRET);
  return lua_gettop(L) - count;
}

int error_index(lua_State* L) {
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  lua_pushliteral(L, "");
  if (luaL_getmetafield(L, -1, "__index") != LUA_TTABLE) return 0;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TFUNCTION) return 0;
  lua_pushcclosure(L, call_string_method, 1);
  return 1;
}

}  // namespace

void set(Failure& why, Code code, std::string_view operation, std::string_view text) noexcept {
  why.code = code;
  why.is_callback = false;
  why.slot = 0;
  put(why.operation, sizeof(why.operation), operation);
  put(why.text, sizeof(why.text), text);
}

bool run(State& state, Failure& why, void (*f)(void*), void* data) noexcept {
  struct Inside {
    State& state;
    explicit Inside(State& s) : state(s) {
      if (state.depth++ == 0) state.thread = std::this_thread::get_id();
    }
    ~Inside() { --state.depth; }
  } inside(state);
  try {
    if (state.test_throw != TestThrow::none) throw_for_test(state.test_throw);
    f(data);
    return true;
  } catch (const CallbackFailed& failed) {
    why.is_callback = true;
    why.slot = failed.slot;
    put(why.text, sizeof(why.text), failed.place);
  } catch (const Error& e) {
    set(why, e.code(), e.operation(), e.message());
  } catch (const std::bad_alloc&) {
    set(why, Code::host_memory, "memory", "the system has no memory left");
  } catch (const std::exception& e) {
    set(why, Code::internal, "internal", e.what());
  } catch (...) {
    set(why, Code::internal, "internal", "an exception of unknown type");
  }
  return false;
}

void raise(lua_State* L, const Failure& why) {
  luaL_checkstack(L, 8, nullptr);
  if (why.is_callback) {
    lua_pushvalue(L, why.slot);
    if (why.text[0] != '\0' && lua_type(L, -1) == LUA_TSTRING) {
      lua_pushfstring(L, " (%s)", why.text);
      lua_concat(L, 2);
    }
    lua_error(L);
  }
  // An interrupt is not an error that a script could swallow with pcall: see session/interrupt.
  if (why.code == Code::interrupted && raise_interrupt(L)) lua_error(L);
  lua_createtable(L, 0, 5);
  set_field(L, "code", name_of(why.code));
  set_field(L, "message", why.text);
  set_field(L, "operation", why.operation);
  Stack stack;
  describe(L, stack);
  set_field(L, "where", {stack.where.text, stack.where.size});
  set_field(L, "traceback", {stack.traceback.text, stack.traceback.size});
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kErrorKey);
  lua_setmetatable(L, -2);
  lua_error(L);
  __builtin_unreachable();
}

void raise_text(lua_State* L, Code code, const char* operation, const char* format, ...) {
  Failure why;
  set(why, code, operation, "");
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(why.text, sizeof(why.text), format, arguments);
  va_end(arguments);
  raise(L, why);
}

void install_errors(lua_State* L) {
  lua_createtable(L, 0, 5);
  lua_pushliteral(L, "lunops.Error");
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, error_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, error_concat);
  lua_setfield(L, -2, "__concat");
  lua_pushcfunction(L, error_index);
  lua_setfield(L, -2, "__index");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kErrorKey);
}

bool is_own_source(const char* source) noexcept { return std::strncmp(source, "@lunops/", 8) == 0; }

bool is_error(lua_State* L, int index) noexcept {
  if (!lua_istable(L, index) || !lua_checkstack(L, 3) || !lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kErrorKey);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same;
}

Code code_of(lua_State* L, int index) noexcept {
  if (!is_error(L, index)) return Code::script;
  // Walks the few fields without making a key string, which could raise on memory.
  index = lua_absindex(L, index);
  Code code = Code::script;
  lua_pushnil(L);
  while (lua_next(L, index)) {
    if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING &&
        std::strcmp(lua_tostring(L, -2), "code") == 0) {
      for (int c = 0; c <= static_cast<int>(Code::distributed); ++c)
        if (name_of(static_cast<Code>(c)) == lua_tostring(L, -1)) code = static_cast<Code>(c);
    }
    lua_pop(L, 1);
  }
  return code;
}

}  // namespace lunops::lua
