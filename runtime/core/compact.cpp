// SPDX-License-Identifier: MIT
#include "runtime/core/compact.hpp"

#include <fmt/format.h>

#include "runtime/core/shape_lexer.hpp"

namespace lunops {

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

void append(std::string& text, std::string_view part) {
  if (!text.empty()) text += ' ';
  text += part;
}

// "NxNy" as "Nx Ny".
void append_names(std::string& text, const Lexer& lexer, const Token& token) {
  const std::string_view joined = lexer.text(token);
  for (size_t begin = 0; begin < joined.size();) {
    size_t end = begin + 1;
    while (end < joined.size() && !is_upper(joined[end])) ++end;
    if (end - begin > kMaxName) {
      lexer.fail(
          {token.span.begin + begin, token.span.begin + end},
          fmt::format("a name of {} bytes, more than the limit of {}", end - begin, kMaxName));
    }
    append(text, joined.substr(begin, end - begin));
    begin = end;
  }
}

}  // namespace

std::string expand_compact(std::string_view operation, std::string_view text) {
  Lexer lexer(operation, text, kMaxShapeText);
  std::string expanded;
  for (;;) {
    const Token token = lexer.next();
    switch (token.kind) {
      case Token::Kind::name:
        append_names(expanded, lexer, token);
        break;
      case Token::Kind::prime:
        if (expanded.empty() || expanded.back() == ',' || expanded.back() == '.' ||
            expanded.back() == '>') {
          lexer.fail(token, "a prime follows a name or a wildcard");
        }
        expanded += '\'';
        break;
      case Token::Kind::open: {
        std::string wildcard = "(";
        Token close = lexer.next();
        if (close.kind == Token::Kind::number) {
          wildcard +=
              fmt::format("{}", parse_number(lexer, close, "wildcard number", kMaxWildcard + 1));
          close = lexer.next();
        }
        if (close.kind != Token::Kind::close) {
          lexer.fail(close, fmt::format("a wildcard is '()' or '(1)', but {} follows",
                                        describe(lexer, close)));
        }
        append(expanded, wildcard + ")");
        break;
      }
      case Token::Kind::ellipsis:
        append(expanded, "...");
        break;
      case Token::Kind::arrow:
        append(expanded, "->");
        break;
      case Token::Kind::comma:
        expanded += ',';
        break;
      case Token::Kind::number:
        lexer.fail(token, "a name begins with a letter, not with a digit");
      case Token::Kind::equals:
        lexer.fail(token, "an extent has no place in the compact form");
      case Token::Kind::close:
        lexer.fail(token, "')' without '('");
      case Token::Kind::end:
        return expanded;
    }
  }
}

}  // namespace lunops
