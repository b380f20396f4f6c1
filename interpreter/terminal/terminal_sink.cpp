// SPDX-License-Identifier: MIT
#include "interpreter/terminal/terminal_sink.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "interpreter/terminal/colour.hpp"

namespace lunops::lua {

namespace {

constexpr std::chrono::milliseconds kShortest(100);

std::string duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.0f} min", seconds / 60);
}

bool is_dumb() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::strcmp(term, "dumb") == 0;
}

}  // namespace

std::string progress_text(const ProgressEvent& event) {
  std::string text = fmt::format("{} {}", event.label, event.done);
  if (event.total > 0) text += fmt::format("/{}", event.total);
  if (event.residual >= 0) text += fmt::format(", residual {:.1e}", event.residual);
  if (event.total > 0 && event.done > 0 && !event.is_last)
    text += fmt::format(", {} left",
                        duration(event.seconds * static_cast<double>(event.total - event.done) /
                                 static_cast<double>(event.done)));
  if (event.is_last) text += fmt::format(", {}", duration(event.seconds));
  return text;
}

TerminalSink::TerminalSink(std::string_view colour, std::string_view progress)
    : colours_results_(wants_colour(colour, isatty(STDOUT_FILENO) != 0)),
      colours_diagnostics_(wants_colour(colour, isatty(STDERR_FILENO) != 0)),
      shows_progress_(progress == "plain" ||
                      (progress == "auto" && isatty(STDERR_FILENO) != 0 && !is_dumb())),
      is_plain_(progress == "plain") {}

void TerminalSink::write(Stream stream, std::span<const Span> spans) {
  erase_progress();
  const bool is_result = stream == Stream::results;
  std::FILE* file = is_result ? stdout : stderr;
  const bool colours = is_result ? colours_results_ : colours_diagnostics_;
  // stderr is shown at once; what was printed before must not come after it.
  if (!is_result) std::fflush(stdout);
  for (const Span& span : spans) {
    const std::string_view escape = colours ? escape_of(span.role) : std::string_view();
    // fwrite takes no null pointer, and the data of an empty view may be one.
    if (!escape.empty()) std::fwrite(escape.data(), 1, escape.size(), file);
    if (!span.text.empty()) std::fwrite(span.text.data(), 1, span.text.size(), file);
    if (!escape.empty()) std::fputs("\033[0m", file);
  }
}

bool TerminalSink::read_entries(std::string_view title) {
  if (!reader) return false;
  note(title);
  reader();
  std::clearerr(stdin);  // its end was that of these entries only
  return true;
}

void TerminalSink::note(std::string_view text) {
  const std::string line = fmt::format("note: {}\n", text);
  const Span spans[] = {{Role::hint, line}};
  write(Stream::diagnostics, spans);
}

void TerminalSink::erase_progress() {
  if (!has_line_) return;
  std::fputs("\r\033[K", stderr);
  has_line_ = false;
}

void TerminalSink::progress(const ProgressEvent& event) {
  if (!shows_progress_) return;
  if (is_plain_) {
    const int tenth = event.total > 0 ? static_cast<int>(10 * event.done / event.total) : -1;
    if (event.label == last_label_ && tenth == last_tenth_ && !event.is_last) return;
    last_label_ = event.label;
    last_tenth_ = tenth;
    std::fprintf(stderr, "%s\n", progress_text(event).c_str());
    return;
  }
  const Clock::time_point now = Clock::now();
  if (event.is_last) {
    erase_progress();
    return;
  }
  if (now - last_ < kShortest) return;
  last_ = now;
  std::fflush(stdout);
  std::fprintf(stderr, "\r\033[K%s", progress_text(event).c_str());
  std::fflush(stderr);
  has_line_ = true;
}

void TerminalSink::finish() { erase_progress(); }

}  // namespace lunops::lua
