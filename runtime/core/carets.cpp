// SPDX-License-Identifier: MIT
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "runtime/core/shape_lexer.hpp"

namespace lunops {

namespace {

constexpr size_t kMaxColumns = 72;  // of the shown string; longer ones are cut around the carets

bool is_space(unsigned char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Bytes of the UTF-8 character at `at`, or 0 if it is malformed or does not print in one column's
// space.
size_t printable_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  const size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                        : lead >= 0xE0 && lead <= 0xEF ? 3
                        : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                       : 0;
  if (length == 0 || at + length > text.size()) return 0;
  uint32_t code = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  // Controls, joiners and marks that change the direction of what follows would move the carets.
  const bool is_invisible =
      code < 0xA0 || (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
      (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0x300 && code <= 0x36F);
  return is_overlong || is_surrogate || is_invisible || code > 0x10FFFF ? 0 : length;
}

// One column of the shown string: its text and the byte it came from.
struct Column {
  std::string text;
  size_t byte;
};

std::vector<Column> columns_of(std::string_view text) {
  std::vector<Column> columns;
  bool is_gap = false;
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (is_space(c)) {
      is_gap = !columns.empty();
      ++i;
      continue;
    }
    if (is_gap) columns.push_back({" ", i - 1});
    is_gap = false;
    if (const size_t length = printable_length(text, i); length > 0) {
      columns.push_back({std::string(text.substr(i, length)), i});
      i += length;
    } else {
      for (const char shown : fmt::format("\\x{:02X}", c))
        columns.push_back({std::string(1, shown), i});
      ++i;
    }
  }
  return columns;
}

}  // namespace

std::string show_with_carets(std::string_view text, Span span) {
  // Only what can be shown is looked at, so that the cost of a message does not grow with a huge
  // string.
  const size_t from = span.begin > kMaxShapeText ? span.begin - kMaxShapeText : 0;
  const std::string_view seen = text.substr(from, 2 * kMaxShapeText);
  const std::vector<Column> columns = columns_of(seen);
  const auto column_of = [&](size_t byte) {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const Column& c) { return c.byte + from >= byte; });
    return static_cast<size_t>(found - columns.begin());
  };
  const size_t first = column_of(span.begin);
  const size_t last = std::max(column_of(span.end), first + 1);

  size_t begin = 0;
  size_t end = columns.size();
  if (end > kMaxColumns) {
    begin = first > kMaxColumns / 2 ? first - kMaxColumns / 2 : 0;
    end = std::min(begin + kMaxColumns, columns.size());
    begin = end - kMaxColumns;
  }
  std::string line = "  \"";
  std::string carets = "   ";
  if (begin > 0) {
    line += "…";
    carets += ' ';
  }
  for (size_t i = begin; i < end; ++i) line += columns[i].text;
  if (end < columns.size()) line += "…";
  carets.append(first - begin, ' ');
  carets.append(std::max<size_t>(std::min(last, end) - std::min(first, end), 1), '^');
  return line + "\"\n" + carets;
}

void fail_at(std::string_view operation,
             std::string_view text,
             Span span,
             std::string_view message) {
  const size_t offset = std::min(span.begin, text.size());
  throw ParseError(Code::shape, std::string(operation),
                   fmt::format("{}\n{}", message, show_with_carets(text, span)), offset);
}

}  // namespace lunops
