// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lunops::lua {

enum class TokenKind { name, keyword, number, text, symbol, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;
  size_t offset = 0;
};

// Splits Lua text into tokens.  Never fails: what Lua would refuse becomes some token or other, and
// unfinished strings and comments reach to the end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  Token next();

 private:
  void skip_blanks();
  bool skip_long_bracket();  // at "[=*[": to its end
  Token take(TokenKind kind, size_t first);

  std::string_view text_;
  size_t at_ = 0;
};

// Names that a chunk declares `local` at depth 0, in order, without <close> ones: what a prompt
// keeps.  Empty if the chunk declares _ENV, which would hide the prompt's own names.
std::vector<std::string> outer_locals(std::string_view text);

}  // namespace lunops::lua
