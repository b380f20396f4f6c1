// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace lunops {

// What kind of failure an Error is.  The order is part of the C interface: codes are appended,
// never renumbered.
enum class Code : int {
  ok,
  argument,
  shape,
  dtype,
  device,
  host_memory,
  device_memory,
  file,
  format,
  not_built,
  unsupported,
  numeric,
  script,
  interrupted,
  limit,
  exit,
  abi,
  closed,
  thread,
  forked,
  internal,
  distributed,
};

std::string_view name_of(Code code) noexcept;

// Exit status of the program when an Error with this code reaches the top: 4 for device and memory
// codes, else 1.
int exit_status(Code code) noexcept;

// The one exception type of the runtime.
//
// `operation` names what was asked for ("compose", "NUFFT", "read"), `message` says what is wrong
// with both sides and what to do.  what() is "operation: message".
class Error : public std::exception {
 public:
  Error(Code code, std::string operation, std::string message);

  Code code() const noexcept { return code_; }
  const std::string& operation() const noexcept { return operation_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Code code_;
  std::string operation_;
  std::string message_;
  std::string text_;
};

// The base of what a host's function throws through the runtime: an error of the host's own kind,
// which reaches the host as it is, with where it happened.
class ForeignError {
 public:
  std::string place;  // "in tile coil=3..4 on cpu:1", or empty

 protected:
  ~ForeignError() = default;
};

// Throws Error with a formatted message: fail(Code::shape, "compose", "left input {} …", a).
template <class... A>
[[noreturn]] void fail(Code code,
                       std::string_view operation,
                       fmt::format_string<A...> text,
                       A&&... args) {
  throw Error(code, std::string(operation), fmt::format(text, std::forward<A>(args)...));
}

}  // namespace lunops

// Checks a precondition that only the project's own code can break; active where NDEBUG is not
// defined.
#ifdef NDEBUG
#define LUNOPS_ASSERT(condition) ((void)0)
#else
#include <cassert>
#define LUNOPS_ASSERT(condition) assert(condition)
#endif
