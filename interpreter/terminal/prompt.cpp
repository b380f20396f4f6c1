// SPDX-License-Identifier: MIT
#include "interpreter/terminal/prompt.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "interpreter/session/version.hpp"
#include "interpreter/terminal/signals.hpp"

namespace lunops::lua {

namespace {

constexpr double kWorthTelling = 1;  // seconds of an entry

// Without editing keys: TERM=dumb, a pipe with -i, or a build without readline.
Line read_line(const char* prompt) {
  if (isatty(STDIN_FILENO)) std::fputs(prompt, stdout);
  std::fflush(stdout);
  char* buffer = nullptr;
  size_t capacity = 0;
  errno = 0;
  const ssize_t length = getline(&buffer, &capacity, stdin);
  Line line;
  if (length >= 0) {
    line.text.assign(buffer, static_cast<size_t>(length));
    if (!line.text.empty() && line.text.back() == '\n') line.text.pop_back();
  } else if (errno == EINTR) {
    std::clearerr(stdin);
    line.kind = Line::Kind::interrupted;
  } else {
    line.kind = Line::Kind::end;
  }
  std::free(buffer);
  return line;
}

std::string startup_file(const PromptOptions& options) {
  if (options.no_init) return "";
  if (!options.init.empty()) return options.init;
  if (const char* path = std::getenv("LUNOPS_INIT")) return path;
  std::string folder;
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && config[0] != 0) {
    folder = config;
  } else if (const char* home = std::getenv("HOME")) {
    folder = std::string(home) + "/.config";
  } else {
    return "";
  }
  const std::string path = folder + "/lunops/init.lua";
  return access(path.c_str(), R_OK) == 0 ? path : "";
}

// Entries until the end of input.
void read_entries(Session& session, TerminalSink& sink, bool edits) {
  std::string text;
  int empty_lines = 0;
  for (;;) {
    sink.finish();
    std::fflush(stdout);
    take_presses();  // those that stopped the last entry
    set_editing(true);
    const char* mark = text.empty() ? "> " : ">> ";
    const Line line = edits ? edit_line(mark) : read_line(mark);
    set_editing(false);
    take_presses();
    if (line.kind == Line::Kind::end) break;
    if (line.kind == Line::Kind::interrupted) {
      if (text.empty() && line.text.empty())
        std::fputs("(Ctrl-D leaves)\n", stderr);
      else if (!edits)
        std::fputs("\n", stderr);
      text.clear();
      empty_lines = 0;
      continue;
    }
    if (text.empty() && (line.text == "exit" || line.text == "quit")) {
      std::fputs("Ctrl-D or os.exit() leaves\n", stderr);
      continue;
    }
    // One empty line belongs to a continuation; two in a row abandon it.
    empty_lines = line.text.empty() ? empty_lines + 1 : 0;
    if (!text.empty() && empty_lines == 2) {
      text.clear();
      empty_lines = 0;
      continue;
    }
    text += text.empty() ? line.text : "\n" + line.text;
    const auto began = std::chrono::steady_clock::now();
    if (session.evaluate(text).kind == Outcome::Kind::incomplete) continue;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (took.count() > kWorthTelling) {
      const std::string seconds = fmt::format("{:.2f} s\n", took.count());
      const Span spans[] = {{Role::dim, seconds}};
      sink.write(Stream::diagnostics, spans);
    }
    text.clear();
    empty_lines = 0;
  }
}

}  // namespace

int run_prompt(Session& session, TerminalSink& sink, const PromptOptions& options) {
  const bool edits = has_editor();
  if (isatty(STDIN_FILENO)) std::printf("%s\n", version_text().c_str());
  // An error in the startup file is shown, and the prompt starts.
  if (const std::string init = startup_file(options); !init.empty())
    session.run_file(init, {init}, 0);

  sink.reader = [&session, &sink, edits] { read_entries(session, sink, edits); };
  read_entries(session, sink, edits);
  sink.reader = nullptr;
  if (edits) close_editor();
  if (isatty(STDIN_FILENO)) std::printf("\n");
  return 0;
}

}  // namespace lunops::lua
