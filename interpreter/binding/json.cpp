// SPDX-License-Identifier: MIT
#include "interpreter/binding/json.hpp"

#include "runtime/core/error.hpp"
#include "runtime/io/json.hpp"

namespace lunops::lua {

namespace {

io::Json json_of(const Value& value);

io::Json json_of_table(const Table& t) {
  if (!t.list.empty() && !t.fields.empty())
    fail(Code::argument, "json", "a table has both a list and the key '{}'; JSON has no such thing",
         t.fields.front().first);
  if (t.fields.empty()) {
    io::Json array = io::Json::array();
    for (const Value& item : t.list) array.push(json_of(item));
    return array;
  }
  io::Json object = io::Json::object();
  for (const auto& [name, item] : t.fields) object.set(name, json_of(item));
  return object;
}

io::Json json_of(const Value& value) {
  if (value.is_nil()) return {};
  if (const auto* b = value.get<bool>()) return *b;
  if (const auto* i = value.get<int64_t>()) return *i;
  if (const auto* d = value.get<double>()) return *d;
  if (const auto* s = value.get<std::string>()) return *s;
  if (const auto* s = value.get<Shape>()) return s->text();
  if (const auto* z = value.get<c128>()) {
    io::Json pair = io::Json::array();
    pair.push(z->real()).push(z->imag());
    return pair;
  }
  if (const Table* t = value.table()) return json_of_table(*t);
  fail(Code::argument, "json", "a {} has no form in JSON", value.type());
}

}  // namespace

std::string json_text(std::string_view text) { return io::json_string(text); }

std::string to_json(const Value& value) { return json_of(value).text(2); }

}  // namespace lunops::lua
