// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "interpreter/session/session.hpp"
#include "interpreter/terminal/terminal_sink.hpp"

namespace lunops::lua {

struct PromptOptions {
  std::string init;  // startup file; empty: the user's
  bool no_init = false;
};

// Reads entries from stdin until its end; returns the exit status.
int run_prompt(Session& session, TerminalSink& sink, const PromptOptions& options);

// A line with editing keys.  `kind` tells a line from Ctrl-C and from the end of input.
struct Line {
  enum class Kind { text, interrupted, end };
  Kind kind = Kind::text;
  std::string text;
};
bool has_editor();  // built with readline, stdin is a terminal, TERM is not dumb
Line edit_line(const char* prompt);
void close_editor();

}  // namespace lunops::lua
