// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lunops::io {

// A JSON value to be written: reports, records, lo.json.
//
// Objects keep the order in which keys were set.  Numbers are written with the fewest digits that
// read back to the same value; NaN and infinities, which JSON lacks, become null.  Text is made
// valid: bytes that are not UTF-8 become U+FFFD.
class Json {
 public:
  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  static Json array();
  static Json object();

  Json& push(Json value);                  // arrays; returns the array
  Json& set(std::string key, Json value);  // objects: replaces or appends; returns the object

  // `indent` spaces a level and one member a line; 0: all on one line.  Arrays of plain values stay
  // on one line.
  std::string text(int indent = 0) const;

 private:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  bool is_plain() const;
  void put(std::string& out, int indent, int level) const;

  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

std::string json_string(std::string_view text);  // with its quotes
std::string json_number(double value);

}  // namespace lunops::io
