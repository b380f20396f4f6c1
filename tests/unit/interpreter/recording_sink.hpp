// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "interpreter/session/sink.hpp"

namespace lunops::lua {

// Keeps what a session writes.
struct RecordingSink final : Sink {
  std::string results, diagnostics, notes;
  int events = 0;

  void write(Stream stream, std::span<const Span> spans) override {
    std::string& to = stream == Stream::results ? results : diagnostics;
    for (const Span& span : spans) to += span.text;
  }
  void progress(const ProgressEvent&) override { ++events; }
  void note(std::string_view text) override { notes += std::string(text) + "\n"; }
};

}  // namespace lunops::lua
