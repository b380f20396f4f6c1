// SPDX-License-Identifier: MIT
#include "interpreter/binding/nested.hpp"

#include <string>

#include "interpreter/binding/given.hpp"

namespace lunops::lua {

namespace {

std::string bracketed(const std::vector<int64_t>& place) {
  if (place.empty()) return "the table";
  std::string text;
  for (int64_t i : place) text += fmt::format("[{}]", i);
  return text;
}

// The extents are those of the first element of each level.
std::vector<int64_t> extents_from(const Value& values) {
  std::vector<int64_t> extents;
  const Value* level = &values;
  while (level != nullptr && level->table() != nullptr) {
    const std::vector<Value>& list = level->table()->list;
    extents.push_back(static_cast<int64_t>(list.size()));
    level = list.empty() ? nullptr : &list.front();
  }
  return extents;
}

void append(const Value& value, std::vector<int64_t>& place, Nested& out) {
  const size_t depth = place.size();
  if (const Table* table = value.table()) {
    const auto count = static_cast<int64_t>(table->list.size());
    if (!table->fields.empty())
      fail(Code::argument, "tensor", "{} has the key '{}'; nested tables are plain lists",
           bracketed(place), table->fields.front().first);
    if (depth >= out.extents.size())
      fail(Code::shape, "tensor", "{} is a table, expected a number", bracketed(place));
    if (out.extents[depth] != count)
      fail(Code::shape, "tensor", "{} has {} value{}, expected {}", bracketed(place), count,
           count == 1 ? "" : "s", out.extents[depth]);
    for (int64_t i = 0; i < count; ++i) {
      place.push_back(i + 1);
      append(table->list[static_cast<size_t>(i)], place, out);
      place.pop_back();
    }
    return;
  }
  if (depth != out.extents.size())
    fail(Code::shape, "tensor", "{} is a {}, expected a table of {} values", bracketed(place),
         value.type(), out.extents[depth]);
  if (const bool* b = value.get<bool>()) {
    out.values.push_back(*b ? 1.0 : 0.0);
    return;
  }
  out.all_boolean = false;
  const auto number = scalar_of(value);
  if (!number)
    fail(Code::argument, "tensor", "{} is a {}, expected a number", bracketed(place), value.type());
  out.values.push_back(*number);
}

}  // namespace

Nested flatten(const Value& values) {
  Nested nested;
  nested.extents = extents_from(values);
  std::vector<int64_t> place;
  append(values, place, nested);
  return nested;
}

}  // namespace lunops::lua
