// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
struct PadOptions : LinopOptions {
  std::vector<std::pair<std::string, int64_t>> to = {};
  std::optional<double> scale = {};
  std::string at = "centre";  // centre, start, end
};
Linop Pad(std::string_view text, const PadOptions& options);
Linop Crop(std::string_view text, const PadOptions& options);

}  // namespace lunops
