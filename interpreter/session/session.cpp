// SPDX-License-Identifier: MIT
#include "interpreter/session/session.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <new>
#include <type_traits>

#include <fmt/format.h>

#include "interpreter/binding/failure.hpp"
#include "interpreter/binding/module.hpp"
#include "interpreter/binding/state.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/types.hpp"
#include "interpreter/session/environment.hpp"
#include "interpreter/session/interrupt.hpp"
#include "interpreter/session/scanner.hpp"
#include "interpreter/session/trace.hpp"

namespace lunops::lua {

struct SessionAccess {
  // The message handler of every chunk: collects frames, leaves the error value as it is.
  static int collect_frames(lua_State* L) {
    Session& session = *static_cast<Session*>(lua_touserdata(L, lua_upvalueindex(1)));
    collect(session, L);
    return 1;
  }
  static void collect(Session& session, lua_State* L) noexcept {
    try {
      const void* value = lua_topointer(L, 1);
      const bool passed_through = value != nullptr && value == session.state_->failed_value;
      session.state_->failed_value = nullptr;
      if (passed_through && session.frames_.empty()) session.frames_ = session.inner_frames_;
      session.frames_ = is_interrupt(L, 1) || session.frames_.empty()
                            ? describe_stack(L, 1, session.options_.trace, session.recent_)
                            : session.frames_;
    } catch (...) {
      session.frames_.clear();
    }
  }
  static bool stop(void* session, std::string_view label, const Tensor& x, std::string_view mode) {
    return static_cast<Session*>(session)->stop(label, x, mode);
  }
  // Inside a callback: the whole stack, which the entry that raises the error again no longer has.
  static void collect_inner(void* session, lua_State* L) noexcept {
    auto& self = *static_cast<Session*>(session);
    try {
      self.inner_frames_ = describe_stack(L, 1, self.options_.trace, self.recent_);
    } catch (...) {
      self.inner_frames_.clear();
    }
  }
};

namespace {

const char kHandlerKey = 0;  // registry: the message handler
const char kEchoKey = 0;     // registry: what shows values
constexpr size_t kLargeAnswer = size_t{256} << 20;

// Runs f(L) under lua_pcall with what lies on the stack above `base`; f owns nothing, for an error
// of Lua may leave it anywhere.  Its results replace the arguments, or the error does.
template <class F>
bool protect(lua_State* L, int base, F& f) {
  static_assert(std::is_trivially_destructible_v<F>);
  if (!lua_checkstack(L, 4)) return false;
  lua_pushcfunction(L, [](lua_State* l) -> int {
    F& g = *static_cast<F*>(lua_touserdata(l, 1));
    lua_remove(l, 1);
    return g(l);
  });
  lua_insert(L, base + 1);
  lua_pushlightuserdata(L, &f);
  lua_insert(L, base + 2);
  return lua_pcall(L, lua_gettop(L) - base - 1, LUA_MULTRET, 0) == LUA_OK;
}

// What must be in place before any chunk runs; in protected mode.
int set_up(lua_State* L) {
  const auto* options = static_cast<const SessionOptions*>(lua_touserdata(L, 1));
  lua_gc(L, LUA_GCINC, 0, 0, 0);
  if (!options->reads_environment) {
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  }
  luaL_openlibs(L);
  if (!options->stdlib.empty()) set_stdlib_folder(L, options->stdlib.c_str());
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_lunops);
  lua_setfield(L, -2, "lunops");
  State& state = open_state(L);
  watch_coroutines(L, state);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, SessionAccess::collect_frames, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kHandlerKey);
  lua_pushlightuserdata(L, &state);
  lua_pushcclosure(L, echo_entry, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kEchoKey);
  lua_pushlightuserdata(L, &state);
  return 1;
}

int require_into(lua_State* L) {
  lua_getglobal(L, "require");
  lua_pushvalue(L, 2);
  lua_call(L, 1, 1);
  lua_setglobal(L, lua_tostring(L, 1));
  return 0;
}

}  // namespace

std::string without_prompts(std::string_view text) {
  if (text.substr(0, 2) != "> ") return std::string(text);
  std::string result;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.substr(0, 3) == ">> ") {
      line.remove_prefix(3);
    } else if (line.substr(0, 2) == "> ") {
      line.remove_prefix(2);
    } else {
      continue;
    }
    if (!result.empty()) result += '\n';
    result += line;
  }
  return result;
}

Session::Session(Sink& sink, const SessionOptions& options) : sink_(sink), options_(options) {
  L_ = luaL_newstate();
  if (L_ == nullptr) throw std::bad_alloc();
  lua_pushcfunction(L_, set_up);
  lua_pushlightuserdata(L_, &options_);
  lua_pushlightuserdata(L_, this);
  if (lua_pcall(L_, 2, 1, 0) != LUA_OK) {
    const std::string text = text_of_error(L_, -1);
    lua_close(L_);
    throw Error(Code::internal, "session", text);
  }
  state_ = static_cast<State*>(lua_touserdata(L_, -1));
  lua_pop(L_, 1);
  state_->sink = &sink_;
  state_->session = this;
  state_->on_callback_error = SessionAccess::collect_inner;
  state_->on_stop = SessionAccess::stop;
  state_->recent = &recent_;
  state_->seed = options.seed;
  state_->warnings_are_errors = options.warnings_are_errors;
  try {
    if (!options.device.empty()) state_->context.device = Device::parse(options.device);
    if (options.threads > 0) state_->context.stream->set_threads(options.threads);
    for (const auto& [device, bytes] : options.memory_limits)
      if (device.empty() || Device::parse(device) == state_->context.account->device())
        state_->context.account->set_budget(bytes);
  } catch (...) {
    lua_close(L_);
    throw;
  }
}

Session::~Session() { lua_close(L_); }

void Session::interrupt() noexcept {
  if (is_busy_) request_interrupt(*state_);
}

Outcome Session::failed(bool is_syntax) {
  Outcome outcome{is_syntax ? Outcome::Kind::unreadable : Outcome::Kind::failed, code_of(L_, -1)};
  std::string text;
  if (is_interrupt(L_, -1)) {
    outcome = {Outcome::Kind::interrupted, Code::interrupted};
    text = "interrupted";
  } else {
    text = text_of_error(L_, -1);
  }
  lua_pop(L_, 1);
  const std::string line = "lunops: " + text + "\n";
  const Span spans[] = {{Role::error, line}, {Role::dim, frames_}};
  sink_.write(Stream::diagnostics, spans);
  frames_.clear();
  return outcome;
}

Outcome Session::call(int arguments, int results) {
  const int handler = lua_gettop(L_) - arguments;
  lua_rawgetp(L_, LUA_REGISTRYINDEX, &kHandlerKey);
  lua_insert(L_, handler);
  frames_.clear();
  // An entry at a Breakpoint runs inside another one.
  const bool was_busy = is_busy_;
  lua_State* const running = was_busy ? state_->running : state_->main;
  is_busy_ = true;
  const int status = lua_pcall(L_, arguments, results, handler);
  is_busy_ = was_busy;
  if (status != LUA_OK && is_interrupt(L_, -1) == false && state_->interrupt != nullptr) {
    // A second error on the way up: the interrupt is what counts.
    lua_pop(L_, 1);
    lua_pushlightuserdata(L_, const_cast<void*>(state_->interrupt));
  }
  clear_interrupt(*state_);
  state_->running = running;
  lua_remove(L_, handler);
  return status == LUA_OK ? Outcome{} : failed(false);
}

std::string without_question(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos || text[first] != '?') return std::string(text);
  std::string_view asked = text.substr(first + 1);
  asked.remove_prefix(std::min(asked.find_first_not_of(" \t"), asked.size()));
  while (!asked.empty() && std::isspace(static_cast<unsigned char>(asked.back())) != 0)
    asked.remove_suffix(1);
  const bool is_name = std::all_of(asked.begin(), asked.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
  if (is_name && !asked.empty()) return fmt::format("help({0}, \"{0}\")", asked);
  return fmt::format("help({})", asked);
}

// x and mode are names of the prompt as long as the application waits; what had them before comes
// back.
bool Session::stop(std::string_view label, const Tensor& x, std::string_view mode) {
  if (!lua_checkstack(L_, 40)) return false;
  const int base = lua_gettop(L_);
  struct Names {
    State* state;
    const Tensor* x;
    std::string_view mode;
  } names{state_, &x, mode};
  auto set = [&names](lua_State* L) {
    push_environment(L, *names.state);
    lua_getfield(L, -1, "x");
    lua_getfield(L, -2, "mode");
    push_tensor(L, *names.state, *names.x);
    lua_setfield(L, -4, "x");
    lua_pushlstring(L, names.mode.data(), names.mode.size());
    lua_setfield(L, -4, "mode");
    return 2;
  };
  auto restore = [&names](lua_State* L) {
    push_environment(L, *names.state);
    lua_insert(L, 1);
    lua_setfield(L, 1, "mode");
    lua_setfield(L, 1, "x");
    return 0;
  };
  bool has_stopped = false;
  if (protect(L_, base, set)) {
    has_stopped =
        sink_.read_entries(fmt::format("{}{}{} {}; x and mode are there, Ctrl-D goes on", label,
                                       label.empty() ? "" : ", ", mode, x.shape().braced()));
    protect(L_, base, restore);
  }
  lua_settop(L_, base);
  return has_stopped;
}

Input Session::classify(std::string_view given) {
  const std::string text = without_question(given);
  const Input input = lua::classify(L_, text, "=prompt");
  if (input != Input::incomplete) lua_pop(L_, 1);
  return input;
}

Outcome Session::run_text(std::string_view text, const std::string& chunk_name) {
  recent_.emplace_back(chunk_name, std::string(text));
  if (recent_.size() > 100) recent_.pop_front();
  if (luaL_loadbufferx(L_, text.data(), text.size(), chunk_name.c_str(), "t") != LUA_OK)
    return failed(true);
  return call(0, 0);
}

Outcome Session::run_file(const std::string& path,
                          const std::vector<std::string>& argv,
                          int script) {
  const auto count = static_cast<int>(argv.size());
  int status = LUA_OK;
  const int base = lua_gettop(L_);
  // arg[0] is the script, arg[n] its arguments, arg[-n] what came before it.
  auto prepare = [&](lua_State* L) {
    lua_createtable(L, count - script, script + 1);
    for (int i = 0; i < count; ++i) {
      const std::string& word = argv[static_cast<size_t>(i)];
      lua_pushlstring(L, word.data(), word.size());
      lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
    status = luaL_loadfilex(L, path == "-" ? nullptr : path.c_str(), "t");
    if (status != LUA_OK) return 1;
    luaL_checkstack(L, count, "too many arguments");
    for (int i = script + 1; i < count; ++i) {
      const std::string& word = argv[static_cast<size_t>(i)];
      lua_pushlstring(L, word.data(), word.size());
    }
    return lua_gettop(L);
  };
  if (!protect(L_, base, prepare)) return failed(false);
  if (status != LUA_OK) return failed(true);
  return call(lua_gettop(L_) - base - 1, 0);
}

Outcome Session::require(const std::string& name, const std::string& module) {
  const int base = lua_gettop(L_);
  auto prepare = [&](lua_State* L) {
    lua_pushcfunction(L, require_into);
    lua_pushstring(L, name.c_str());
    lua_pushstring(L, module.c_str());
    return 3;
  };
  if (!protect(L_, base, prepare)) return failed(false);
  return call(2, 0);
}

Outcome Session::evaluate(std::string_view given) {
  const std::string text = without_question(without_prompts(given));
  const std::string name = fmt::format("=prompt[{}]", entries_ + 1);
  const Input input = lua::classify(L_, text, name.c_str());
  if (input == Input::incomplete) return {Outcome::Kind::incomplete, Code::ok};
  ++entries_;
  recent_.emplace_back(name, text);
  if (recent_.size() > 100) recent_.pop_front();
  if (input == Input::error) return failed(true);
  // `return f(x)` is a tail call, which leaves no line of the prompt on the stack for errors and
  // for the origin of tensors: a value before it prevents that.
  bool has_leading_value = false;
  if (input == Input::expression) {
    const std::string called = "return nil, " + text + "\n";
    has_leading_value =
        luaL_loadbufferx(L_, called.data(), called.size(), name.c_str(), "t") == LUA_OK;
    if (has_leading_value)
      lua_remove(L_, -2);
    else
      lua_pop(L_, 1);  // no expression at all: blanks or a comment
  }
  if (input == Input::statement) {
    const std::vector<std::string> locals = outer_locals(text);
    if (!locals.empty()) {
      const std::string kept = text + "\n" + keep_statements(locals);
      if (luaL_loadbufferx(L_, kept.data(), kept.size(), name.c_str(), "t") == LUA_OK)
        lua_remove(L_, -2);
      else
        lua_pop(L_, 1);  // it ends in `return`, or a `goto` jumps there: run as it is
    }
  }
  const int base = lua_gettop(L_) - 1;
  auto prepare = [&](lua_State* L) {
    push_environment(L, *state_);
    if (lua_setupvalue(L, 1, 1) == nullptr) lua_pop(L, 1);
    return 1;
  };
  if (!protect(L_, base, prepare)) return failed(false);
  state_->used_kept_local = false;
  const Outcome outcome = call(0, LUA_MULTRET);
  if (outcome.kind == Outcome::Kind::done && !ends_with_semicolon(text))
    echo(base + (has_leading_value ? 2 : 1));
  lua_settop(L_, base);
  if (state_->used_kept_local && !told_about_locals_) {
    told_about_locals_ = true;
    sink_.note(
        "locals of earlier entries act like globals of this session; functions made before keep "
        "their own");
  }
  return outcome;
}

void Session::echo(int first) {
  const int count = lua_gettop(L_) - first + 1;
  if (count == 0 || (count == 1 && lua_isnil(L_, first))) return;
  std::string kept;
  if (auto* x = box_at<Tensor>(L_, first); x != nullptr && x->full)
    if (const size_t bytes = x->value().storage()->bytes(); bytes > kLargeAnswer)
      kept = fmt::format("ans keeps {} of memory until another value is shown: {}",
                         size_text(static_cast<double>(bytes)), headline(x->value()));
  lua_rawgetp(L_, LUA_REGISTRYINDEX, &kEchoKey);
  lua_insert(L_, first);
  call(count, 0);
  if (!kept.empty()) sink_.note(kept);
}

}  // namespace lunops::lua
