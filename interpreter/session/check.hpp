// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lunops::lua {

// What can be said about a script without running it: syntax, names of `lo` that do not exist,
// unknown keys in literal option tables.
struct Finding {
  int line = 0;
  std::string text;
};
__attribute__((visibility("default"))) std::vector<Finding> check_text(std::string_view text);

// Prints "file:line: text" for each finding to stderr; true if there is none.
__attribute__((visibility("default"))) bool check_file(const std::string& path);

}  // namespace lunops::lua
