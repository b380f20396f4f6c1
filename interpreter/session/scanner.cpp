// SPDX-License-Identifier: MIT
#include "interpreter/session/scanner.hpp"

#include <algorithm>
#include <array>

namespace lunops::lua {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<std::string_view, 22> kKeywords = {
    "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while"};

}  // namespace

Token Scanner::take(TokenKind kind, size_t first) {
  return {kind, text_.substr(first, at_ - first), first};
}

bool Scanner::skip_long_bracket() {
  size_t level = 0;
  size_t i = at_ + 1;
  while (i < text_.size() && text_[i] == '=') ++level, ++i;
  if (i >= text_.size() || text_[i] != '[') return false;
  std::string close = "]";
  close.append(level, '=');
  close += ']';
  const size_t end = text_.find(close, i + 1);
  at_ = end == std::string_view::npos ? text_.size() : end + close.size();
  return true;
}

void Scanner::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      ++at_;
    } else if (c == '-' && at_ + 1 < text_.size() && text_[at_ + 1] == '-') {
      at_ += 2;
      if (at_ < text_.size() && text_[at_] == '[' && skip_long_bracket()) continue;
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      return;
    }
  }
}

Token Scanner::next() {
  skip_blanks();
  const size_t first = at_;
  if (at_ >= text_.size()) return {TokenKind::end, {}, first};
  const char c = text_[at_];
  if (is_letter(c)) {
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view word = text_.substr(first, at_ - first);
    const bool is_keyword = std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
    return take(is_keyword ? TokenKind::keyword : TokenKind::name, first);
  }
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char d = text_[at_];
      const char before = text_[at_ - 1];
      const bool is_sign = (d == '+' || d == '-') &&
                           (before == 'e' || before == 'E' || before == 'p' || before == 'P');
      if (!is_letter(d) && !is_digit(d) && d != '.' && !is_sign) break;
    }
    return take(TokenKind::number, first);
  }
  if (c == '"' || c == '\'') {
    for (++at_; at_ < text_.size() && text_[at_] != c; ++at_)
      if (text_[at_] == '\\') ++at_;
    at_ = std::min(at_ + 1, text_.size());
    return take(TokenKind::text, first);
  }
  if (c == '[' && skip_long_bracket()) return take(TokenKind::text, first);
  for (const std::string_view symbol :
       {"...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"}) {
    if (text_.substr(at_, symbol.size()) == symbol) {
      at_ += symbol.size();
      return take(TokenKind::symbol, first);
    }
  }
  ++at_;
  return take(TokenKind::symbol, first);
}

std::vector<std::string> outer_locals(std::string_view text) {
  std::vector<std::string> names;
  Scanner scanner(text);
  int depth = 0;
  Token token = scanner.next();
  while (token.kind != TokenKind::end) {
    const std::string_view word = token.text;
    if (token.kind == TokenKind::keyword && word == "local" && depth == 0) {
      token = scanner.next();
      if (token.text == "function") {
        token = scanner.next();
        if (token.kind == TokenKind::name) names.emplace_back(token.text);
        ++depth;  // its body ends with `end`
        token = scanner.next();
        continue;
      }
      while (token.kind == TokenKind::name) {
        const std::string name(token.text);
        token = scanner.next();
        bool is_closed = false;
        if (token.text == "<") {
          is_closed = scanner.next().text == "close";
          scanner.next();  // >
          token = scanner.next();
        }
        if (name == "_ENV") return {};
        if (!is_closed) names.push_back(name);
        if (token.text != ",") break;
        token = scanner.next();
      }
      continue;
    }
    // `while … do` and `for … do` open one block, at their `do`; so does `do` alone.
    if (token.kind == TokenKind::keyword) {
      if (word == "do" || word == "then" || word == "function" || word == "repeat") ++depth;
      if (word == "end" || word == "until" || word == "elseif" || word == "else") --depth;
      if (word == "else") ++depth;
    }
    token = scanner.next();
  }
  std::vector<std::string> unique;
  for (const std::string& name : names)
    if (std::find(unique.begin(), unique.end(), name) == unique.end()) unique.push_back(name);
  return unique;
}

}  // namespace lunops::lua
