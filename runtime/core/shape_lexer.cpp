// SPDX-License-Identifier: MIT
#include "runtime/core/shape_lexer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lunops {

namespace {

// The locale has no say in what a letter is.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

Lexer::Lexer(std::string_view operation, std::string_view text, size_t max_name)
    : operation_(operation), text_(text), max_name_(max_name) {
  if (text_.size() > kMaxShapeText) {
    fail({kMaxShapeText, kMaxShapeText + 1},
         fmt::format("the string has {} bytes, more than the limit of {}", text_.size(),
                     kMaxShapeText));
  }
}

void Lexer::fail(Span span, std::string_view message) const {
  fail_at(operation_, text_, span, message);
}

Token Lexer::next() {
  if (has_peeked_) {
    has_peeked_ = false;
    return peeked_;
  }
  return scan();
}

Token Lexer::peek() {
  if (!has_peeked_) {
    peeked_ = scan();
    has_peeked_ = true;
  }
  return peeked_;
}

Token Lexer::scan() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  const size_t begin = at_;
  const auto token = [&](Token::Kind kind, size_t length) {
    at_ = begin + length;
    return Token{kind, {begin, at_}};
  };
  if (at_ == text_.size()) return token(Token::Kind::end, 0);
  const std::string_view rest = text_.substr(begin);
  const char c = rest[0];
  if (is_letter(c) || is_digit(c)) {
    size_t length = 1;
    while (length < rest.size() && is_word(rest[length])) ++length;
    if (is_letter(c)) {
      if (length > max_name_) {
        fail({begin, begin + length},
             fmt::format("a name of {} bytes, more than the limit of {}", length, kMaxName));
      }
      return token(Token::Kind::name, length);
    }
    // "2.5" is one bad number, not a number and a stray point; "2..." is a number and an ellipsis.
    if (length + 1 < rest.size() && rest[length] == '.' && is_digit(rest[length + 1])) {
      ++length;
      while (length < rest.size() && is_word(rest[length])) ++length;
    }
    return token(Token::Kind::number, length);
  }
  if (c == '-' && rest.size() > 1 && is_digit(rest[1])) {
    size_t length = 2;
    while (length < rest.size() && is_word(rest[length])) ++length;
    return token(Token::Kind::number, length);
  }
  if (c == '\'') return token(Token::Kind::prime, 1);
  if (c == '(') return token(Token::Kind::open, 1);
  if (c == ')') return token(Token::Kind::close, 1);
  if (c == ',') return token(Token::Kind::comma, 1);
  if (c == '=' && !rest.starts_with("=>")) return token(Token::Kind::equals, 1);
  if (rest.starts_with("->")) return token(Token::Kind::arrow, 2);
  if (rest.starts_with("...")) return token(Token::Kind::ellipsis, 3);
  fail_on_stray_byte();
}

void Lexer::fail_on_stray_byte() const {
  const std::string_view rest = text_.substr(at_);
  const auto at = [&](size_t length) { return Span{at_, at_ + std::min(length, rest.size())}; };
  if (rest.starts_with("=>")) fail(at(2), "'=>' is not part of the notation; write '->'");
  if (rest.starts_with("\xE2\x86\x92")) fail(at(3), "'→' is not part of the notation; write '->'");
  if (rest.starts_with("\xE2\x80\xA6")) fail(at(3), "'…' is not part of the notation; write '...'");
  if (rest[0] == '.') {
    fail(at(rest.starts_with("..") ? 2 : 1), "'...' is written with three points");
  }
  if (rest[0] == '_') {
    size_t length = 1;
    while (length < rest.size() && is_word(rest[length])) ++length;
    fail(at(length), "a name begins with a letter, not with '_'");
  }
  if (static_cast<unsigned char>(rest[0]) >= 0x80) {
    size_t length = 1;
    while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0) == 0x80)
      ++length;
    fail(at(length), "names are ASCII letters, digits and '_'");
  }
  if (rest[0] == '-') fail(at(1), "'-' is not part of a name; '_' is, and the arrow is '->'");
  fail(at(1), "this character is not part of the notation");
}

std::string describe(const Lexer& lexer, const Token& token) {
  if (token.kind == Token::Kind::end) return "the end of the string";
  return fmt::format("'{}'", lexer.text(token));
}

int64_t parse_number(const Lexer& lexer, const Token& token, std::string_view what, int64_t limit) {
  const std::string_view digits = lexer.text(token);
  if (digits[0] == '-') {
    lexer.fail(token, fmt::format("{} '{}' has a sign; it is a whole number from 0", what, digits));
  }
  if (digits.find('.') != std::string_view::npos) {
    lexer.fail(token,
               fmt::format("{} '{}' has a fraction; it is a whole number from 0", what, digits));
  }
  int64_t value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) {
      lexer.fail(token,
                 fmt::format("{} '{}' is not a number; a name begins with a letter", what, digits));
    }
  }
  if (digits.size() > 1 && digits[0] == '0') {
    lexer.fail(token, fmt::format("{} '{}' has a leading zero", what, digits));
  }
  for (const char c : digits) {
    value = 10 * value + (c - '0');
    if (value >= limit) {
      lexer.fail(token, fmt::format("{} is too large: the largest is {}", what, limit - 1));
    }
  }
  return value;
}

uint8_t parse_primes(Lexer& lexer, Span& span) {
  int primes = 0;
  while (lexer.peek().kind == Token::Kind::prime) {
    const Token prime = lexer.next();
    if (++primes > kMaxPrimes) lexer.fail(prime, fmt::format("more than {} primes", kMaxPrimes));
    span.end = prime.span.end;
  }
  return static_cast<uint8_t>(primes);
}

ParsedDim parse_dim(Lexer& lexer, const Token& first, Extents extents) {
  if (first.kind == Token::Kind::number) {
    lexer.fail(first,
               fmt::format("'{}' is not a name: a name begins with a letter", lexer.text(first)));
  }
  if (first.kind != Token::Kind::name) {
    lexer.fail(first, fmt::format("a name is expected, not {}", describe(lexer, first)));
  }
  ParsedDim parsed{{Name::intern(lexer.text(first)), 0}, kUnknown, first.span};
  parsed.dim.primes = parse_primes(lexer, parsed.span);
  if (lexer.peek().kind != Token::Kind::equals) return parsed;
  const Token equals = lexer.next();
  if (extents == Extents::forbidden) lexer.fail(equals, "an extent has no place here");
  const Token number = lexer.next();
  if (number.kind != Token::Kind::number) {
    lexer.fail(number, fmt::format("'=' is followed by an extent, a whole number from 0, not by {}",
                                   describe(lexer, number)));
  }
  parsed.extent = parse_number(lexer, number, "extent", kExtentLimit);
  parsed.span.end = number.span.end;
  return parsed;
}

}  // namespace lunops
