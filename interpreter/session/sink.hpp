// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

#include "runtime/device/context.hpp"

namespace lunops::lua {

// What a stretch of output is; how a role looks is decided by the sink alone.
enum class Role { plain, number, text, name, dim, error, hint };

struct Span {
  Role role = Role::plain;
  std::string_view text;
};

enum class Stream { results, diagnostics };  // stdout and stderr of a program

// Where a session's output goes: the program's terminal, a test, a host.  Called on the thread that
// is inside the state.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(Stream stream, std::span<const Span> spans) = 0;
  virtual void progress(const ProgressEvent& event) = 0;
  virtual void note(std::string_view text) = 0;  // one warning or remark, without a line end
  // Reads entries until their end while an application waits; false where nobody writes any.
  virtual bool read_entries(std::string_view /*title*/) { return false; }
};

}  // namespace lunops::lua
