// SPDX-License-Identifier: MIT
#include "interpreter/binding/given.hpp"

#include <cmath>

#include "runtime/core/suggest.hpp"

namespace lunops::lua {

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  const std::string best = nearest(name, known);
  return best.empty() ? "" : fmt::format(" (did you mean '{}'?)", best);
}

std::optional<double> number_of(const Value& value) noexcept {
  if (const auto* d = value.get<double>()) return *d;
  if (const auto* i = value.get<int64_t>()) return static_cast<double>(*i);
  return {};
}

std::optional<int64_t> integer_of(const Value& value) noexcept {
  if (const auto* i = value.get<int64_t>()) return *i;
  if (const auto* d = value.get<double>();
      d != nullptr && std::abs(*d) < 0x1p53 && *d == std::floor(*d))
    return static_cast<int64_t>(*d);
  return {};
}

std::optional<c128> scalar_of(const Value& value) noexcept {
  if (const auto* z = value.get<c128>()) return *z;
  if (const auto d = number_of(value)) return c128(*d, 0);
  return {};
}

bool matches(Kind kind, const Value& value) noexcept {
  switch (kind) {
    case Kind::any:
      return true;
    case Kind::number:
      return number_of(value).has_value();
    case Kind::integer:
      return integer_of(value).has_value();
    case Kind::boolean:
      return value.get<bool>() != nullptr;
    case Kind::text:
      return value.get<std::string>() != nullptr;
    case Kind::scalar:
      return scalar_of(value).has_value();
    case Kind::tensor:
      return value.get<Tensor>() != nullptr;
    case Kind::linop:
      return value.get<Linop>() != nullptr;
    case Kind::shape:
      return value.get<std::string>() != nullptr || value.get<Shape>() != nullptr;
    case Kind::table:
      return value.table() != nullptr;
    case Kind::function:
      return value.get<FunctionSlot>() != nullptr;
    case Kind::dims:
      return value.get<std::string>() != nullptr || value.table() != nullptr;
    case Kind::number_table:
      return number_of(value).has_value() || value.table() != nullptr;
    case Kind::number_false:
      return number_of(value).has_value() || value.get<bool>() != nullptr;
    case Kind::text_boolean:
      return value.get<std::string>() != nullptr || value.get<bool>() != nullptr;
  }
  return false;
}

std::vector<std::pair<std::string, int64_t>> extents_of(std::string_view operation,
                                                        std::string_view option,
                                                        const Value& value) {
  std::vector<std::pair<std::string, int64_t>> result;
  const Table* table = value.table();
  if (table == nullptr || !table->list.empty())
    fail(Code::argument, operation, "option '{}' must be a table by dim, such as {{ y = 256 }}",
         option);
  for (const auto& [name, extent] : table->fields) {
    const auto n = integer_of(extent);
    if (!n || *n < 0)
      fail(Code::argument, operation, "option '{}': '{}' must be a whole number >= 0, got {}",
           option, name,
           number_of(extent) ? fmt::format("{}", *number_of(extent)) : std::string(extent.type()));
    result.emplace_back(name, *n);
  }
  return result;
}

std::vector<std::string> names_of(std::string_view operation, const Value& value) {
  std::vector<std::string> names;
  if (const auto* text = value.get<std::string>()) {
    const Shape shape = Shape::parse(*text);
    for (const Dim& dim : shape.dims()) names.push_back(dim.text());
    return names;
  }
  for (const Value& item : value.table()->list) {
    const auto* name = item.get<std::string>();
    if (name == nullptr)
      fail(Code::argument, operation, "a list of dims holds names, got a {}", item.type());
    names.push_back(*name);
  }
  return names;
}

Given::Given(std::string_view operation,
             const Value& value,
             std::span<const Field> operands,
             std::span<const Field> options)
    : operation_(operation), table_(value.table()) {
  if (table_ == nullptr && !value.is_nil()) {
    if (value.get<std::string>() == nullptr)
      fail(Code::argument, operation, "takes one table, {}{{ … }}, got a {}", operation,
           value.type());
    bare_ = &value;
  }
  if (this->operands() > static_cast<int>(operands.size()) &&
      (operands.empty() || operands.back().kind != Kind::linop))
    fail(Code::argument, operation, "takes {} operand{}, got {}; options are given by name",
         operands.size(), operands.size() == 1 ? "" : "s", this->operands());
  for (size_t i = 0; i < operands.size(); ++i) {
    const Field& field = operands[i];
    const Value* given = operand(static_cast<int>(i) + 1);
    if (given == nullptr || given->is_nil()) {
      if (field.required)
        fail(Code::argument, operation, "operand {} ({}) is missing", i + 1, field.name);
    } else if (!matches(field.kind, *given)) {
      fail(Code::argument, operation, "operand {} ({}) must be {}, got {}", i + 1, field.name,
           name_of(field.kind), given->type());
    }
  }
  if (table_ == nullptr) return;
  for (const auto& [name, item] : table_->fields) {
    const Field* field = nullptr;
    for (const Field& known : options)
      if (known.name == name) field = &known;
    if (field == nullptr) {
      std::vector<std::string> names;
      for (const Field& known : options) names.emplace_back(known.name);
      fail(Code::argument, operation, "unknown option '{}'{}", name, suggestion(name, names));
    }
    if (!matches(field->kind, item) && !(item.get<bool>() && !*item.get<bool>()))
      fail(Code::argument, operation, "option '{}' must be {}, got {}", name, name_of(field->kind),
           item.type());
  }
}

int Given::operands() const noexcept {
  if (bare_ != nullptr) return 1;
  return table_ == nullptr ? 0 : static_cast<int>(table_->list.size());
}

const Value* Given::operand(int position) const noexcept {
  if (bare_ != nullptr) return position == 1 ? bare_ : nullptr;
  if (position > operands()) return nullptr;
  return &table_->list[static_cast<size_t>(position - 1)];
}

const Value* Given::option(std::string_view name) const noexcept {
  return table_ == nullptr ? nullptr : table_->find(name);
}

std::string Given::text(int position, std::string_view fallback) const {
  return optional_text(position).value_or(std::string(fallback));
}

std::optional<std::string> Given::optional_text(int position) const {
  const Value* value = operand(position);
  if (value == nullptr || value->get<std::string>() == nullptr) return {};
  return *value->get<std::string>();
}

std::optional<double> Given::number(std::string_view name) const {
  const Value* value = option(name);
  return value == nullptr ? std::nullopt : number_of(*value);
}

std::optional<int64_t> Given::integer(std::string_view name) const {
  const Value* value = option(name);
  return value == nullptr ? std::nullopt : integer_of(*value);
}

bool Given::boolean(std::string_view name, bool fallback) const {
  const Value* value = option(name);
  return value == nullptr || value->get<bool>() == nullptr ? fallback : *value->get<bool>();
}

std::optional<std::string> Given::text(std::string_view name) const {
  const Value* value = option(name);
  if (value == nullptr || value->get<std::string>() == nullptr) return {};
  return *value->get<std::string>();
}

c128 Given::scalar(std::string_view name, c128 fallback) const {
  const Value* value = option(name);
  return value == nullptr ? fallback : scalar_of(*value).value_or(fallback);
}

std::optional<Tensor> Given::tensor(std::string_view name) const {
  const Value* value = option(name);
  if (value == nullptr || value->get<Tensor>() == nullptr) return {};
  return *value->get<Tensor>();
}

std::optional<Linop> Given::linop(std::string_view name) const {
  const Value* value = option(name);
  if (value == nullptr || value->get<Linop>() == nullptr) return {};
  return *value->get<Linop>();
}

std::vector<std::pair<std::string, int64_t>> Given::extents(std::string_view name) const {
  const Value* value = option(name);
  if (value == nullptr || value->table() == nullptr) return {};
  return extents_of(operation_, name, *value);
}

std::vector<std::pair<std::string, double>> Given::numbers(std::string_view name) const {
  const Value* value = option(name);
  if (value == nullptr) return {};
  if (const auto all = number_of(*value)) return {{"", *all}};
  std::vector<std::pair<std::string, double>> result;
  if (value->table() == nullptr) return result;
  for (const auto& [dim, item] : value->table()->fields) {
    const auto number = number_of(item);
    if (!number)
      fail(Code::argument, operation_, "option '{}': '{}' must be a number, got {}", name, dim,
           item.type());
    result.emplace_back(dim, *number);
  }
  return result;
}

std::vector<std::string> Given::dims(std::string_view name) const {
  const Value* value = option(name);
  if (value == nullptr || value->get<bool>() != nullptr) return {};
  return names_of(operation_, *value);
}

}  // namespace lunops::lua
