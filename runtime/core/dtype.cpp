// SPDX-License-Identifier: MIT
#include "runtime/core/dtype.hpp"

#include <array>

namespace lunops {

namespace {

struct Row {
  std::string_view name;
  size_t size;
};
constexpr std::array<Row, 7> kRows = {
    {{"f32", 4}, {"f64", 8}, {"c64", 8}, {"c128", 16}, {"i32", 4}, {"i64", 8}, {"bool", 1}}};

}  // namespace

std::string_view name_of(DType dtype) noexcept { return kRows[static_cast<size_t>(dtype)].name; }

size_t size_of(DType dtype) noexcept { return kRows[static_cast<size_t>(dtype)].size; }

std::optional<DType> parse_dtype(std::string_view name) noexcept {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

}  // namespace lunops
