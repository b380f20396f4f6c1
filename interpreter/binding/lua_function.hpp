// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>

#include "interpreter/binding/callback.hpp"
#include "interpreter/binding/value.hpp"

namespace lunops::lua {

// The functions of one state that C++ objects keep.  Their references are given back by the state's
// own thread, when it next enters: whoever drops the last one only puts it on a list.
class KeptFunctions {
 public:
  explicit KeptFunctions(State& state) : state_(&state) {}
  ~KeptFunctions();
  KeptFunctions(const KeptFunctions&) = delete;

  void release_dropped(lua_State* L) noexcept;  // on the state's thread, inside an entry
  void close() noexcept;                        // the state is gone

 private:
  friend class LuaFunction;
  struct Reference {
    std::shared_ptr<KeptFunctions> owner;
    int number;  // in the registry
    Reference* next;
  };
  void drop(Reference* reference) noexcept;

  std::mutex mutex_;
  State* state_;
  Reference* dropped_ = nullptr;
  std::atomic<bool> has_dropped_ = false;
};

// A Lua function that outlives the call it was given to, as part of an operator (lua-host §1.4).
//
// Copies share one reference.  It may be copied and dropped on any thread, also when its state is
// closed; it is called only on the thread that is inside its state, in the compute phase of an
// entry.  A function that mentions the operator that keeps it is a cycle that no collector sees:
// such an operator lives until it or the state is closed.
class LuaFunction {
 public:
  LuaFunction() = default;
  // In compute, of a function in a decoded table.  Throws std::bad_alloc.
  LuaFunction(State& state, const FunctionSlot& slot);

  explicit operator bool() const noexcept { return reference_ != nullptr; }
  // As Callback::call; `owner` is named where the function cannot be called here.
  void call(Callback::Step push, Callback::Step read, void* data, std::string_view owner) const;

 private:
  std::shared_ptr<KeptFunctions::Reference> reference_;
};

}  // namespace lunops::lua
