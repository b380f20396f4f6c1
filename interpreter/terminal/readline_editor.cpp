// SPDX-License-Identifier: MIT
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <readline/readline.h>

#include "interpreter/terminal/prompt.hpp"
#include "interpreter/terminal/signals.hpp"

namespace lunops::lua {

namespace {

// readline's callback has no argument: what it read waits here.
struct Reading {
  bool is_done = false;
  bool is_end = false;
  std::string text;
} g_reading;

void take_line(char* text) {
  g_reading.is_done = true;
  g_reading.is_end = text == nullptr;
  if (text != nullptr) g_reading.text = text;
  std::free(text);
  rl_callback_handler_remove();
}

void reset_terminal() {
  if (rl_deprep_term_function != nullptr) rl_deprep_term_function();
}

// Alt-Enter: a line end inside the entry, which goes on.
int insert_line_end(int count, int) {
  for (int i = 0; i < count; ++i) rl_insert_text("\n");
  return 0;
}

// Ctrl-Z: the shell gets its terminal back, and we take it again when continued.
void stop_process() {
  reset_terminal();
  raise(SIGSTOP);
  if (rl_prep_term_function != nullptr) rl_prep_term_function(1);
  rl_forced_update_display();
}

}  // namespace

bool has_editor() {
  const char* term = std::getenv("TERM");
  return isatty(STDIN_FILENO) != 0 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

Line edit_line(const char* prompt) {
  static const bool is_ready = [] {
    rl_catch_signals = 0;
    rl_readline_name = const_cast<char*>("lunops");
    rl_bind_key('\t', rl_insert);
    rl_bind_keyseq("\\e\\C-m", insert_line_end);
    rl_bind_keyseq("\\e\\C-j", insert_line_end);
    set_terminal_reset(reset_terminal);
    return true;
  }();
  (void)is_ready;
  g_reading = {};
  rl_callback_handler_install(prompt, take_line);
  // readline gets a key only when one is there, so signals are seen between keys.
  while (!g_reading.is_done) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = poll(&input, 1, 200);
    const bool has_failed = ready < 0 && errno != EINTR;
    if (take_stop()) stop_process();
    if (take_presses() > 0) {
      Line line{Line::Kind::interrupted, rl_line_buffer != nullptr ? rl_line_buffer : ""};
      rl_free_line_state();
      rl_callback_sigcleanup();
      rl_replace_line("", 0);
      rl_crlf();
      rl_callback_handler_remove();
      return line;
    }
    if (ready > 0) rl_callback_read_char();
    if (has_failed) return {Line::Kind::end, ""};
  }
  if (g_reading.is_end) return {Line::Kind::end, ""};
  return {Line::Kind::text, std::move(g_reading.text)};
}

void close_editor() { rl_callback_handler_remove(); }

}  // namespace lunops::lua
