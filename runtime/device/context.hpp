// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/device/account.hpp"
#include "runtime/device/device.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

class Tensor;
class Timeline;

// One report of a long operation, at most ten a second.
struct ProgressEvent {
  std::string_view label;
  int64_t done = 0, total = 0;
  double seconds = 0;
  double residual = -1;  // solvers; < 0: none
  bool is_last = false;
};

// Where a caller hears of warnings and progress.  Called on the thread that made the Context.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void warn(std::string_view place, std::string_view text) = 0;
  virtual void progress(const ProgressEvent& event) = 0;
  // A line that somebody asked for, as often as it comes.
  virtual void note(std::string_view text);
  // Lets a person look at what passes a Breakpoint; false where there is nobody.
  virtual bool stop(std::string_view label, const Tensor& x, std::string_view mode);
};

// What a call needs besides its arguments, made by the caller and passed by reference to every
// function that may allocate or wait.  It has no owner beyond the call; nothing process-wide stands
// in for it.
struct Context {
  Context();  // host device, cpu backend, an account of its own: for tests and C++ callers
  explicit Context(Backend& backend);  // the same on another backend

  Device device;  // for factories and readers
  std::shared_ptr<Stream> stream;
  std::shared_ptr<Account> account;
  const std::atomic<bool>* cancel = nullptr;
  Listener* listener = nullptr;
  const char* origin = nullptr;  // "script.lua:12" of the call, for storages of 1 MiB and more
  Timeline* timeline = nullptr;  // what steps and transfers are recorded in, where somebody asked

  int threads() const noexcept { return stream->threads(); }
  Backend& backend() const noexcept { return stream->backend(); }
  void poll() const;  // throws Error{interrupted} if the cancel flag is set
  void warn(std::string_view place, std::string_view text) const;
};

// The same call on `device`: its memory, its account among those of the call's owner, its stream.
// Throws Error{device} for a virtual device that is not declared.
Context on_device(Device device, const Context& context);

}  // namespace lunops
