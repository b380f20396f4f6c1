// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/core/dim.hpp"
#include "runtime/core/error.hpp"

namespace lunops {

inline constexpr size_t kMaxShapeText = 4096;              // bytes per string
inline constexpr size_t kMaxName = 63;                     // bytes per name
inline constexpr int kMaxPrimes = 7;                       // per dim, in a string
inline constexpr int kMaxWildcard = 999;                   // number in "(k)"
inline constexpr int64_t kExtentLimit = int64_t{1} << 53;  // extents and their product are below it

// An Error that knows where in the string it arose.  what() ends with the string and carets under
// the token.
class ParseError : public Error {
 public:
  ParseError(Code code, std::string operation, std::string message, size_t offset)
      : Error(code, std::move(operation), std::move(message)), offset_(offset) {}

  size_t offset() const noexcept { return offset_; }  // byte, at most the length of the string

 private:
  size_t offset_;
};

// The bytes [begin, end) of a string.
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

// Throws ParseError{shape}: the message, then the string with carets under `span`.  White space is
// shown normalised, bytes that do not print as \xNN, and long strings are cut around the carets.
[[noreturn]] void fail_at(std::string_view operation,
                          std::string_view text,
                          Span span,
                          std::string_view message);

// Two lines that show `text` and carets under `span`, as they stand below a message.
std::string show_with_carets(std::string_view text, Span span);

struct Token {
  enum class Kind : uint8_t {
    name,
    number,
    prime,
    equals,
    open,
    close,
    comma,
    arrow,
    ellipsis,
    end
  };
  Kind kind = Kind::end;
  Span span;
};

// Cuts a shape string into tokens, one at a time, so that the first error from the left is the one
// reported.
class Lexer {
 public:
  // `operation` and `text` must outlive the Lexer.  Throws ParseError if the text is too long.
  Lexer(std::string_view operation, std::string_view text, size_t max_name = kMaxName);

  Token next();  // throws ParseError on bytes that begin no token
  Token peek();

  std::string_view text() const noexcept { return text_; }
  std::string_view text(const Token& token) const noexcept {
    return text_.substr(token.span.begin, token.span.end - token.span.begin);
  }
  [[noreturn]] void fail(Span span, std::string_view message) const;
  [[noreturn]] void fail(const Token& token, std::string_view message) const {
    fail(token.span, message);
  }

 private:
  Token scan();
  [[noreturn]] void fail_on_stray_byte() const;

  std::string_view operation_;
  std::string_view text_;
  size_t max_name_;
  size_t at_ = 0;
  bool has_peeked_ = false;
  Token peeked_;
};

enum class Extents : uint8_t { allowed, forbidden };

struct ParsedDim {
  Dim dim;
  int64_t extent = kUnknown;
  Span span;  // of all of "x'=4"
};

// A dim that begins with `first`; throws ParseError if that is not a name.
ParsedDim parse_dim(Lexer& lexer, const Token& first, Extents extents);

// The primes that follow, added to those given; at most kMaxPrimes.
uint8_t parse_primes(Lexer& lexer, Span& span);

// A token of digits as a number below `limit`; throws ParseError on signs, leading zeros,
// fractions, letters. `what` says what the number is: "extent".
int64_t parse_number(const Lexer& lexer, const Token& token, std::string_view what, int64_t limit);

// What a token is, for messages: "'x'", "'->'", "the end of the string".
std::string describe(const Lexer& lexer, const Token& token);

}  // namespace lunops
