// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "interpreter/binding/articles.hpp"

namespace lunops::lua {

// The articles of the functions that a file of the stdlib exports: each `function M.name` under a
// block of `---` lines.  The block's text is the summary (its first sentence) and more; its
// indented lines are the example; "Source: …" and the tags below are fields.  A name with a capital
// makes an operator.
//
//   ---@param NAME TYPE  TEXT      ---@operand NAME TYPE  TEXT (of the table of an operator)
//   ---@field NAME? TYPE  TEXT (an option; its default in brackets)
//   ---@return TYPE TEXT           ---@see NAME…      ---@raises CODE…
//   ---@signature, @adjoint, @normal TEXT              ---@package: not exported
std::vector<Article> recipes_of(std::string_view file, std::string_view text);

}  // namespace lunops::lua
