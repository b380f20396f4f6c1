// SPDX-License-Identifier: MIT
#include "interpreter/binding/json.hpp"

#include <cmath>

#include <fmt/format.h>

#include "runtime/core/error.hpp"

namespace lunops::lua {

namespace {

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  std::string text = fmt::format("{}", value);
  return text;
}

std::string table(const Table& t, int depth) {
  const std::string indent(static_cast<size_t>(2 * depth + 2), ' ');
  const std::string outer(static_cast<size_t>(2 * depth), ' ');
  if (!t.list.empty() && !t.fields.empty())
    fail(Code::argument, "json", "a table has both a list and the key '{}'; JSON has no such thing",
         t.fields.front().first);
  if (t.fields.empty()) {
    std::string text;
    bool is_short = true;
    for (const Value& item : t.list) {
      is_short = is_short && item.table() == nullptr;
      text += (text.empty() ? "" : ", ") + to_json(item, depth + 1);
    }
    return "[" + text + "]";
  }
  std::string text;
  for (const auto& [name, item] : t.fields)
    text +=
        (text.empty() ? "\n" : ",\n") + indent + json_text(name) + ": " + to_json(item, depth + 1);
  return "{" + text + "\n" + outer + "}";
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (byte < ' ') {
      result += fmt::format("\\u{:04x}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string to_json(const Value& value, int depth) {
  if (value.is_nil()) return "null";
  if (const auto* b = value.get<bool>()) return *b ? "true" : "false";
  if (const auto* i = value.get<int64_t>()) return fmt::format("{}", *i);
  if (const auto* d = value.get<double>()) return number(*d);
  if (const auto* s = value.get<std::string>()) return json_text(*s);
  if (const auto* z = value.get<c128>())
    return fmt::format("[{}, {}]", number(z->real()), number(z->imag()));
  if (const auto* s = value.get<Shape>()) return json_text(s->text());
  if (const Table* t = value.table()) return table(*t, depth);
  fail(Code::argument, "json", "a {} has no form in JSON", value.type());
}

}  // namespace lunops::lua
