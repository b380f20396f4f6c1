// SPDX-License-Identifier: MIT
#pragma once

#include "interpreter/session/session.hpp"

namespace lunops::lua {

// While it lives, SIGINT stops what the session runs (lua-host §5.7).  A second press within two
// seconds warns, a third leaves with 130.  SIGTERM and SIGHUP leave the terminal as it was, as does
// SIGTSTP until SIGCONT.  One at a time, on the main thread.
class SignalGuard {
 public:
  explicit SignalGuard(Session& session);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
};

// Presses since the last call: the prompt reads it between keys.
int take_presses() noexcept;
// Whether SIGTSTP came while a line was edited: the editor has to leave and re-enter raw mode.
bool take_stop() noexcept;
// The prompt tells when it edits a line: then a press only counts.
void set_editing(bool is_editing) noexcept;
// Called before the process leaves in the handler, to restore the terminal.
void set_terminal_reset(void (*reset)()) noexcept;

}  // namespace lunops::lua
