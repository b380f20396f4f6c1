// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <lua.hpp>

namespace lunops::lua {

// What a piece of text at the prompt is (lua-host §5.2).
enum class Input { expression, statement, incomplete, error };

// Tries the whole text as `return text` and as a chunk.  On success the loaded function is on top
// of the stack; on `error` the message is; on `incomplete` nothing is.  Never raises.
Input classify(lua_State* L, std::string_view text, const char* chunk_name);

// `text` without a last token `;`, and whether there was one: it suppresses the echo.
bool ends_with_semicolon(std::string_view text);

}  // namespace lunops::lua
