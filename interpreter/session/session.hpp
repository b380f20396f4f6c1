// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lua.hpp>

#include "interpreter/session/classify.hpp"
#include "interpreter/session/sink.hpp"
#include "runtime/core/error.hpp"

namespace lunops {
class Tensor;
}

namespace lunops::lua {

struct State;

enum class TraceLength { brief, full };

// What became of a chunk.
struct Outcome {
  enum class Kind { done, incomplete, unreadable, failed, interrupted };
  Kind kind = Kind::done;
  Code code = Code::ok;  // of a failure
};

struct SessionOptions {
  bool reads_environment = true;  // LUA_PATH_5_4, LUA_INIT …
  std::string stdlib;             // folder to read the stdlib from
  std::string device;             // of factories; empty: cpu
  int threads = 0;                // 0: all
  uint64_t seed = 0;
  std::vector<std::pair<std::string, size_t>> memory_limits;  // by device
  bool warnings_are_errors = false;
  TraceLength trace = TraceLength::brief;
};

// One Lua state with text in and events out: no terminal code and no globals, so the program, hosts
// and tests use the same object.  One thread at a time; `interrupt` alone is for signal handlers.
class __attribute__((visibility("default"))) Session {
 public:
  // Throws Error if an option names no device or the state cannot be made.
  explicit Session(Sink& sink, const SessionOptions& options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // What evaluate would make of this text.
  Input classify(std::string_view text);

  // An entry of the prompt: echoes values, keeps locals.
  Outcome evaluate(std::string_view text);

  // A script with its arguments: arg[0] is argv[script], further ones are passed as `...`.
  // The path "-" is stdin.
  Outcome run_file(const std::string& path, const std::vector<std::string>& argv, int script);
  Outcome run_text(std::string_view text, const std::string& chunk_name);
  // NAME = require MOD in the globals.
  Outcome require(const std::string& name, const std::string& module);

  // Stops what runs, soon.  Safe in a signal handler on the session's thread.
  void interrupt() noexcept;

  lua_State* lua() noexcept { return L_; }

 private:
  friend struct SessionAccess;
  Outcome call(int arguments, int results);  // the function lies below them; leaves the results
  Outcome failed(bool is_syntax);            // shows the error on top of the stack, pops it
  void echo(int first);
  bool stop(std::string_view label, const Tensor& x, std::string_view mode);

  Sink& sink_;
  SessionOptions options_;
  lua_State* L_ = nullptr;
  State* state_ = nullptr;
  int entries_ = 0;                                         // prompt[1], prompt[2] …
  std::deque<std::pair<std::string, std::string>> recent_;  // chunk name and text, for excerpts
  std::string frames_;                                      // collected by the message handler
  std::string inner_frames_;                                // of the last error inside a callback
  bool is_busy_ = false;
  bool told_about_locals_ = false;
};

// Removes the prompts of a pasted transcript and drops its old output.
std::string without_prompts(std::string_view text);

// "?x" is help(x): a name that has no value is looked up as text.
std::string without_question(std::string_view text);

}  // namespace lunops::lua
