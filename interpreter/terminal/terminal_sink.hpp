// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "interpreter/session/sink.hpp"

namespace lunops::lua {

// Results on stdout, all else on stderr.  Progress is one line on a terminal, at most ten times a
// second, removed before other output; `plain` is a line per 10 %.
class TerminalSink final : public Sink {
 public:
  TerminalSink(std::string_view colour, std::string_view progress);

  void write(Stream stream, std::span<const Span> spans) override;
  void progress(const ProgressEvent& event) override;
  void note(std::string_view text) override;
  bool read_entries(std::string_view title) override;

  // What reads entries at a Breakpoint; none before the prompt starts.
  std::function<void()> reader;

  void finish();  // removes a progress line that still stands

 private:
  void erase_progress();

  using Clock = std::chrono::steady_clock;
  bool colours_results_, colours_diagnostics_;
  bool shows_progress_, is_plain_;
  bool has_line_ = false;
  Clock::time_point last_ = {};
  int last_tenth_ = -1;
  std::string last_label_;
};

// "iteration 12 of 30, residual 1.2e-03, 3 s left": what one event says.
std::string progress_text(const ProgressEvent& event);

}  // namespace lunops::lua
