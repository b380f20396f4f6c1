// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "interpreter/binding/record.hpp"
#include "interpreter/binding/value.hpp"

namespace lunops::lua {

// Operands and options that a call was given, checked against its record: unknown names are errors
// with the nearest one, kinds are as declared, required ones are there.
//
// A constructor's operands are the array part of its one table; a function's options table has
// none.  `false` switches an option off where its kind allows it and counts as absent where it
// does not.
class Given {
 public:
  // Throws Error{argument}.  A bare string counts as {string}; nil as {}.
  Given(std::string_view operation,
        const Value& value,
        std::span<const Field> operands,
        std::span<const Field> options);

  std::string_view operation() const noexcept { return operation_; }
  const Value* operand(int position) const noexcept;  // from 1; null if absent
  int operands() const noexcept;
  const Value* option(std::string_view name) const noexcept;  // null if absent

  const Tensor& tensor(int position) const { return *operand(position)->get<Tensor>(); }
  std::string text(int position, std::string_view fallback = {}) const;
  std::optional<std::string> optional_text(int position) const;

  bool has(std::string_view name) const noexcept { return option(name) != nullptr; }
  std::optional<double> number(std::string_view name) const;
  std::optional<int64_t> integer(std::string_view name) const;
  bool boolean(std::string_view name, bool fallback) const;
  std::optional<std::string> text(std::string_view name) const;
  c128 scalar(std::string_view name, c128 fallback) const;
  std::optional<Tensor> tensor(std::string_view name) const;
  std::optional<Linop> linop(std::string_view name) const;
  std::vector<std::pair<std::string, int64_t>> extents(std::string_view name) const;
  std::vector<std::pair<std::string, double>> numbers(std::string_view name) const;  // "" for all
  std::vector<std::string> dims(std::string_view name) const;

 private:
  std::string operation_;
  const Table* table_ = nullptr;
  const Value* bare_ = nullptr;
};

// Extents from a table {y = 256}: names to whole numbers.
std::vector<std::pair<std::string, int64_t>> extents_of(std::string_view operation,
                                                        std::string_view option,
                                                        const Value& value);
bool matches(Kind kind, const Value& value) noexcept;
std::optional<double> number_of(const Value& value) noexcept;
std::optional<int64_t> integer_of(const Value& value) noexcept;  // also from 3.0
std::optional<c128> scalar_of(const Value& value) noexcept;
std::vector<std::string> names_of(std::string_view operation, const Value& value);  // text or list

// " (did you mean 'weight'?)", or nothing.
std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace lunops::lua
