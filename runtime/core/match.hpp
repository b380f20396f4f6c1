// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lunops {

// What the variables of one of two matched strings stand for, as strings: "b c", "x", "".
// Variables that stay free stand for a variable of the other string, "(1)" or "...".
struct MatchBindings {
  std::optional<std::string> rest;                    // of "..."; absent if there is none
  std::vector<std::pair<int, std::string>> numbered;  // of "(1)", by number, in order of appearance
  std::vector<std::string> anonymous;                 // of "()", in order
};

// Either both bindings or the reason why there are none.
struct MatchResult {
  bool is_match = false;
  MatchBindings p;
  MatchBindings q;
  std::string reason;
};

// Matches two sides such as "coil ... x" (shape-strings §4).  Throws ParseError if one of them is
// malformed.
MatchResult match(std::string_view p, std::string_view q);

}  // namespace lunops
