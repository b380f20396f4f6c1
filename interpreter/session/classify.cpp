// SPDX-License-Identifier: MIT
#include "interpreter/session/classify.hpp"

#include "interpreter/session/scanner.hpp"

namespace lunops::lua {

namespace {

// lua_load reads the text in pieces, so nothing is copied and nothing can fail for lack of memory
// on our side.
struct Pieces {
  std::string_view parts[3];
  int next = 0;
};

const char* read_piece(lua_State*, void* data, size_t* size) {
  Pieces* pieces = static_cast<Pieces*>(data);
  while (pieces->next < 3) {
    const std::string_view part = pieces->parts[pieces->next++];
    if (part.empty()) continue;
    *size = part.size();
    return part.data();
  }
  *size = 0;
  return nullptr;
}

bool ends_at_eof(lua_State* L) {
  size_t length = 0;
  const char* message = lua_tolstring(L, -1, &length);
  constexpr std::string_view mark = "<eof>";
  return message != nullptr && length >= mark.size() &&
         std::string_view(message + length - mark.size(), mark.size()) == mark;
}

// The last token `;` of an expression would end the `return` as well, so that is loadable as it is.
int load(lua_State* L, std::string_view before, std::string_view text, const char* chunk_name) {
  // The line end keeps a trailing comment from swallowing what follows.
  Pieces pieces{{before, text, "\n"}};
  return lua_load(L, read_piece, &pieces, chunk_name, "t");
}

}  // namespace

Input classify(lua_State* L, std::string_view text, const char* chunk_name) {
  if (!lua_checkstack(L, 4)) return Input::error;
  if (load(L, "return ", text, chunk_name) == LUA_OK) return Input::expression;
  const bool open_expression = ends_at_eof(L);
  lua_pop(L, 1);
  if (load(L, "", text, chunk_name) == LUA_OK) return Input::statement;
  if (open_expression || ends_at_eof(L)) {
    lua_pop(L, 1);
    return Input::incomplete;
  }
  return Input::error;
}

bool ends_with_semicolon(std::string_view text) {
  std::string_view last;
  Scanner scanner(text);
  for (Token token = scanner.next(); token.kind != TokenKind::end; token = scanner.next())
    last = token.text;
  return last == ";";
}

}  // namespace lunops::lua
