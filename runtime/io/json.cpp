// SPDX-License-Identifier: MIT
#include "runtime/io/json.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runtime/core/error.hpp"

namespace lunops::io {
namespace {

// Length of the UTF-8 character at the start of `text`, 0 if there is none (RFC 3629, section 4).
size_t character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;   // no overlong forms
    const unsigned high = first == 0xED ? 0x9F : 0xBF;  // no surrogates
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void break_line(std::string& out, int indent, int level) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<size_t>(indent) * static_cast<size_t>(level), ' ');
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t length = character(text);
    const char c = text[0];
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length > 1) {
      out += text.substr(0, length);
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out += '"';
  return out;
}

std::string json_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

Json Json::array() {
  Json json;
  json.value_ = Array{};
  return json;
}

Json Json::object() {
  Json json;
  json.value_ = Object{};
  return json;
}

Json& Json::push(Json value) {
  LUNOPS_ASSERT(std::holds_alternative<Array>(value_));
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

Json& Json::set(std::string key, Json value) {
  LUNOPS_ASSERT(std::holds_alternative<Object>(value_));
  auto& members = std::get<Object>(value_);
  const auto at = std::find_if(members.begin(), members.end(),
                               [&](const auto& member) { return member.first == key; });
  if (at != members.end()) {
    at->second = std::move(value);
  } else {
    members.emplace_back(std::move(key), std::move(value));
  }
  return *this;
}

bool Json::is_plain() const {
  return !std::holds_alternative<Array>(value_) && !std::holds_alternative<Object>(value_);
}

void Json::put(std::string& out, int indent, int level) const {
  if (const auto* truth = std::get_if<bool>(&value_)) {
    out += *truth ? "true" : "false";
  } else if (const auto* whole = std::get_if<int64_t>(&value_)) {
    out += fmt::format("{}", *whole);
  } else if (const auto* number = std::get_if<double>(&value_)) {
    out += json_number(*number);
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    out += json_string(*text);
  } else if (const auto* items = std::get_if<Array>(&value_)) {
    const bool one_line =
        std::all_of(items->begin(), items->end(), [](const Json& item) { return item.is_plain(); });
    out += '[';
    for (size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += one_line && indent > 0 ? ", " : ",";
      if (!one_line) break_line(out, indent, level + 1);
      (*items)[i].put(out, indent, level + 1);
    }
    if (!one_line) break_line(out, indent, level);
    out += ']';
  } else if (const auto* members = std::get_if<Object>(&value_)) {
    out += '{';
    for (size_t i = 0; i < members->size(); ++i) {
      if (i > 0) out += ',';
      break_line(out, indent, level + 1);
      out += json_string((*members)[i].first);
      out += indent > 0 ? ": " : ":";
      (*members)[i].second.put(out, indent, level + 1);
    }
    if (!members->empty()) break_line(out, indent, level);
    out += '}';
  } else {
    out += "null";
  }
}

std::string Json::text(int indent) const {
  std::string out;
  put(out, indent, 0);
  return out;
}

}  // namespace lunops::io
