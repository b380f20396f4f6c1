// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <lua.hpp>

#include "interpreter/session/sink.hpp"
#include "runtime/core/dtype.hpp"
#include "runtime/device/context.hpp"
#include "runtime/linop/nufft/functional.hpp"

namespace lunops::lua {

struct BoxHeader;
class KeptFunctions;

// Test switch: what each compute throws instead of working.
enum class TestThrow : uint8_t { none, error, memory, standard, other };

// The C++ record of one lua_State with its coroutines: made by luaopen_lunops, owned by the Lua
// registry, found by each entry through its first upvalue.  Only the thread that is inside the
// state touches it; `cancel` alone may be set from anywhere, also from a signal handler.
struct State final : Listener {
  explicit State(lua_State* L);
  ~State() override;

  lua_State* main;     // lives as long as the state
  lua_State* running;  // the coroutine that entered last: where a collection may run finalisers
  Context context;     // what each entry copies and hands to its record's function
  std::atomic<bool> cancel{false};
  DType dtype = DType::c64;    // of factories, where none is given
  uint64_t seed = 0;           // where the state's counter of random tensors starts
  uint64_t draws = 0;          // random tensors made without a seed of their own
  BoxHeader* scope = nullptr;  // head of the innermost lo.scope's list
  NufftCache nuffts;           // of lo.nufft and lo.nufft_adjoint
  int64_t live_boxes = 0;      // full boxes: tests see that nothing leaks
  TestThrow test_throw = TestThrow::none;
  bool warnings_are_errors = false;
  bool used_kept_local = false;  // an entry of the prompt read or set a local of an earlier one
  // Chunk names and texts of the prompt's last entries; null outside sessions.
  const std::deque<std::pair<std::string, std::string>>* recent = nullptr;
  Sink* sink = nullptr;             // null: warnings go to stderr, progress nowhere
  const void* interrupt = nullptr;  // set while an interrupt unwinds: what `raise` raises then

  // How many computes are under way, one inside the other, and on which thread.
  int depth = 0;
  std::thread::id thread;
  std::shared_ptr<KeptFunctions> functions;

  // Told of an error inside a callback before its stack is unwound, so that the session can show
  // the frames of an error that passes through the runtime; `failed_value` tells it apart.
  void (*on_callback_error)(void* session, lua_State* L) noexcept = nullptr;
  bool (*on_stop)(void* session,
                  std::string_view label,
                  const Tensor& x,
                  std::string_view mode) = nullptr;
  void* session = nullptr;
  const void* failed_value = nullptr;

  // The Context of a call, with the script line for storages of 1 MiB and more.
  Context enter(lua_State* L) noexcept;

  void warn(std::string_view place, std::string_view text) override;
  void progress(const ProgressEvent& event) override;
  void note(std::string_view text) override;
  bool stop(std::string_view label, const Tensor& x, std::string_view mode) override;

  struct Warning {
    std::string place, text;
  };
  std::vector<Warning> warnings;  // since lo.warnings() was last called
  std::set<std::pair<std::string, std::string>> warned;

 private:
  char origin_[96] = {};
  const void* origin_source_ = nullptr;
  int origin_line_ = -1;
};

// Makes the state record of L, or finds it.  Pushes nothing.  May raise.
State& open_state(lua_State* L);
State* find_state(lua_State* L) noexcept;  // null if there is none

// The state of an entry: a light userdata in its first upvalue.
inline State& state_of(lua_State* L) noexcept {
  State& state = *static_cast<State*>(lua_touserdata(L, lua_upvalueindex(1)));
  state.running = L;
  return state;
}

// The state that a Context of its own was entered from.
inline State& state_of(const Context& context) noexcept {
  return *static_cast<State*>(context.listener);
}

// Pushes what unwinds an interrupted script and returns true, if an interrupt is under way.
bool raise_interrupt(lua_State* L) noexcept;

}  // namespace lunops::lua
