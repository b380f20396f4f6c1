// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lunops {

// Number of single-byte insertions, deletions and replacements that turn `a` into `b`.
int edit_distance(std::string_view a, std::string_view b);

// The known name nearest to `name`, if at most two edits away and nearer than a name that shares
// nothing with it; otherwise "".  The first of several equally near ones.
std::string nearest(std::string_view name, std::span<const std::string> known);

// "; did you mean 'sample'?", or "" if no known name is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

// "give extent = {x = …}", or {["x'"] = …} for what is no name in Lua.
std::string give_extent(std::string_view dim);

}  // namespace lunops
