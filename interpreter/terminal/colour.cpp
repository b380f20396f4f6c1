// SPDX-License-Identifier: MIT
#include "interpreter/terminal/colour.hpp"

#include <cstdlib>
#include <cstring>

namespace lunops::lua {

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] != 0;
}

}  // namespace

bool wants_colour(std::string_view option, bool is_terminal) {
  if (option == "always") return true;
  if (option == "never") return false;
  if (is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR")) return true;
  const char* term = std::getenv("TERM");
  return is_terminal && term != nullptr && std::strcmp(term, "dumb") != 0;
}

std::string_view escape_of(Role role) {
  switch (role) {
    case Role::plain:
      return "";
    case Role::number:
      return "\033[36m";
    case Role::text:
      return "\033[32m";
    case Role::name:
      return "\033[1m";
    case Role::dim:
      return "\033[2m";
    case Role::error:
      return "\033[31m";
    case Role::hint:
      return "\033[33m";
  }
  return "";
}

}  // namespace lunops::lua
