// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "interpreter/session/sink.hpp"

namespace lunops::lua {

// Whether a stream is coloured: --color, then NO_COLOR, then CLICOLOR_FORCE or FORCE_COLOR, then
// whether it is a terminal that can.
bool wants_colour(std::string_view option, bool is_terminal);

// The escape sequence that starts a role, or "".
std::string_view escape_of(Role role);

}  // namespace lunops::lua
