// SPDX-License-Identifier: MIT
#include "interpreter/session/trace.hpp"

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "interpreter/binding/failure.hpp"
#include "interpreter/binding/stdlib.hpp"

namespace lunops::lua {

namespace {

constexpr int kMostFrames = 22;

// The text that a chunk name stands for, or "".
std::string source_text(const char* source, const RecentTexts& recent) {
  if (source[0] == '@') {
    const std::string_view path = source + 1;
    for (const EmbeddedFile& file : embedded_files())
      if (path == "lunops/" + std::string(file.path)) return std::string(file.text);
    std::ifstream file{std::string(path)};
    std::ostringstream text;
    if (file) text << file.rdbuf();
    return text.str();
  }
  for (const auto& [name, text] : recent)
    if (name == source) return text;
  return "";
}

std::string line_of(std::string_view text, int number) {
  for (int i = 1; i < number; ++i) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  return std::string(text.substr(0, text.find('\n')));
}

// Three lines around the one that failed, with an arrow.  Control bytes never reach a terminal.
std::string excerpt(const std::string& text, int line) {
  std::string result;
  for (int i = line - 1; i <= line + 1; ++i) {
    if (i < 1) continue;
    std::string shown = line_of(text, i);
    if (shown.empty() && i != line) continue;
    for (char& c : shown)
      if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    if (shown.size() > 160) shown = shown.substr(0, 157) + "...";
    result += fmt::format("  {} {:>4} | {}\n", i == line ? "->" : "  ", i, shown);
  }
  return result;
}

std::string place_of(const lua_Debug& frame) {
  // short_src is cut at 60 bytes; the name as given is more useful.
  const char* source = frame.source;
  std::string name = source[0] == '@' || source[0] == '=' ? source + 1 : frame.short_src;
  return fmt::format("{}:{}", name, frame.currentline);
}

std::string function_of(const lua_Debug& frame) {
  if (frame.what[0] == 'm') return "in the main chunk";
  if (frame.name != nullptr) return fmt::format("in {} '{}'", frame.namewhat, frame.name);
  return fmt::format("in a function of line {}", frame.linedefined);
}

}  // namespace

std::string describe_stack(lua_State* L, int level, TraceLength length, const RecentTexts& recent) {
  std::string result;
  lua_Debug frame;
  int shown = 0;
  for (; lua_getstack(L, level, &frame); ++level) {
    if (!lua_getinfo(L, "Sln", &frame)) break;
    const bool is_lua = frame.currentline > 0;
    if (length == TraceLength::brief && (!is_lua || is_own_source(frame.source))) continue;
    if (++shown > kMostFrames) {
      result += "  ...\n";
      break;
    }
    if (!is_lua) {
      result += fmt::format("  [C] {}\n", frame.name != nullptr ? frame.name : "function");
      continue;
    }
    result += fmt::format("  {} {}\n", place_of(frame), function_of(frame));
    if (shown == 1 || length == TraceLength::full)
      result += excerpt(source_text(frame.source, recent), frame.currentline);
  }
  return result;
}

std::string text_of_error(lua_State* L, int index) {
  index = lua_absindex(L, index);
  if (lua_type(L, index) == LUA_TSTRING) {
    size_t length = 0;
    const char* text = lua_tolstring(L, index, &length);
    return {text, length};
  }
  if (lua_type(L, index) == LUA_TNUMBER) {
    // Not by lua_tolstring, which could raise on memory here.
    if (lua_isinteger(L, index)) return fmt::format("{}", lua_tointegerx(L, index, nullptr));
    return fmt::format("{:.14g}", lua_tonumberx(L, index, nullptr));
  }
  if (is_error(L, index)) {
    // Its __tostring is ours, but it may run out of memory.
    lua_pushcfunction(L, [](lua_State* l) {
      luaL_tolstring(l, 1, nullptr);
      return 1;
    });
    lua_pushvalue(L, index);
    std::string text = "an error that could not be shown";
    if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING)
      text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
  }
  if (lua_type(L, index) == LUA_TNIL) return "error raised with nil";
  return fmt::format("error raised with a {}", luaL_typename(L, index));
}

}  // namespace lunops::lua
