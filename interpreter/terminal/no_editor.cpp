// SPDX-License-Identifier: MIT
#include "interpreter/terminal/prompt.hpp"

namespace lunops::lua {

// A build without readline: the prompt reads plain lines.
bool has_editor() { return false; }
Line edit_line(const char*) { return {Line::Kind::end, ""}; }
void close_editor() {}

}  // namespace lunops::lua
