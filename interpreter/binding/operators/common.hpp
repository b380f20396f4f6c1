// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops::lua {

// Options that every constructor takes.
inline constexpr Field kExtent =
    option("extent", Kind::table, "", "extents of dims of the signature");
inline constexpr Field kName = option("name", Kind::text, "", "shown by print, trace and explain");
inline constexpr Field kBatch =
    option("batch", Kind::boolean, "true", "false closes the signature");

inline void common(const Given& given, LinopOptions& options) {
  options.extent = given.extents("extent");
  options.name = given.text("name").value_or("");
  options.batch = given.boolean("batch", true);
}
template <class Options = LinopOptions>
Options common(const Given& given) {
  Options options;
  common(given, options);
  return options;
}

inline std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace lunops::lua
