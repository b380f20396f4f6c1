// SPDX-License-Identifier: MIT
#include <cstring>
#include <string>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/stages.hpp"
#include "interpreter/binding/tensor.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/device/account.hpp"

namespace lunops::lua {

namespace {

void need_function(lua_State* L, const char* operation) {
  if (!lua_isfunction(L, 1))
    raise_text(L, Code::argument, operation, "argument 1 (f) must be a function, got %s",
               luaL_typename(L, 1));
}

// Failures that a script may want to answer: all others pass.
bool is_ordinary(Code code) {
  switch (code) {
    case Code::file:
    case Code::format:
    case Code::device:
    case Code::not_built:
    case Code::host_memory:
    case Code::device_memory:
      return true;
    default:
      return false;
  }
}

int try_entry(lua_State* L) {
  State& state = state_of(L);
  need_function(L, "try");
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  state.running = L;
  if (status == LUA_OK) return lua_gettop(L);
  const Code code = code_of(L, -1);
  if (!is_error(L, -1) || !is_ordinary(code)) return lua_error(L);
  lua_pushnil(L);
  luaL_tolstring(L, -2, nullptr);
  const std::string_view name = lunops::name_of(code);
  lua_pushlstring(L, name.data(), name.size());
  return 3;
}

int time_entry(lua_State* L) {
  State& state = state_of(L);
  need_function(L, "time");
  const double began = seconds_now();
  const Account::Figures before = state.context.account->figures();
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  state.running = L;
  finish(L, state, [&](Context& context) {
    context.stream->wait();
    const double took = seconds_now() - began;
    const Account::Figures after = context.account->figures();
    const std::string text = fmt::format(
        "{:.3g} s, {} allocated in {} tensor{}, peak {}; waited for the streams in use\n", took,
        size_text(static_cast<double>(after.allocated - before.allocated)),
        after.allocations - before.allocations,
        after.allocations - before.allocations == 1 ? "" : "s",
        size_text(static_cast<double>(after.peak)));
    if (state.sink != nullptr) {
      const Span spans[] = {{Role::hint, text}};
      state.sink->write(lua::Stream::diagnostics, spans);
    } else {
      std::fputs(text.c_str(), stderr);
    }
  });
  return lua_gettop(L);
}

// for i in lo.progress(n, label): upvalues state, n, label, i, start
int progress_step(lua_State* L) {
  State& state = state_of(L);
  const lua_Integer n = lua_tointegerx(L, lua_upvalueindex(2), nullptr);
  const lua_Integer i = lua_tointegerx(L, lua_upvalueindex(4), nullptr);
  const double began = lua_tonumberx(L, lua_upvalueindex(5), nullptr);
  lua_settop(L, 0);
  lua_pushinteger(L, i + 1);
  lua_replace(L, lua_upvalueindex(4));
  finish(L, state, [&](Context& context) {
    context.poll();
    ProgressEvent event;
    event.label = lua_tostring(L, lua_upvalueindex(3));
    event.done = i;
    event.total = n;
    event.seconds = seconds_now() - began;
    event.is_last = i >= n;
    state.progress(event);
  });
  if (i >= n) return 0;
  lua_pushinteger(L, i + 1);
  return 1;
}

int progress_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 2);
  const int64_t n = IntArg::decode(L, Place{state, "progress", "n", 1});
  lua_pushlightuserdata(L, &state);
  lua_pushinteger(L, n);
  if (lua_isnil(L, 2)) {
    lua_pushliteral(L, "step");
  } else {
    TextArg::decode(L, Place{state, "progress", "label", 2});
    lua_pushvalue(L, 2);
  }
  lua_pushinteger(L, 0);
  lua_pushnumber(L, seconds_now());
  lua_pushcclosure(L, progress_step, 5);
  return 1;
}

[[noreturn]] void unknown_option(
    lua_State* L, State& state, const char* operation, int defaults, int key_at) {
  Box<Value>* scratch = push_box<Value>(L, state, false);
  Failure why;
  if (!run(state, why, [&] { scratch->emplace(Value(Table{})); })) raise(L, why);
  Table& names = **std::get_if<std::unique_ptr<Table>>(&scratch->value().data);
  lua_pushnil(L);
  for (; lua_next(L, defaults); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    if (!run(state, why, [&] { names.list.emplace_back(lua_tostring(L, -2)); })) raise(L, why);
  }
  run(state, why, [&] {
    std::vector<std::string> known;
    for (const Value& name : names.list) known.push_back(*name.get<std::string>());
    const std::string key = lua_tostring(L, key_at);
    fail(Code::argument, operation, "unknown option '{}'{}", key, suggestion(key, known));
  });
  raise(L, why);
}

// An option whose default is false takes any value, unless `kinds` (at 4) names its type.
void check_named_kind(lua_State* L, const char* operation, int key, int value) {
  if (!lua_istable(L, 4)) return;
  lua_pushvalue(L, key);
  if (lua_rawget(L, 4) == LUA_TSTRING) {
    const BoxHeader* box = any_box(L, value);
    const char* got = box != nullptr ? box->type->noun : luaL_typename(L, value);
    if (std::strcmp(lua_tostring(L, -1), got) != 0)
      raise_text(L, Code::argument, operation, "option '%s' must be of type %s, got %s",
                 lua_tostring(L, key), lua_tostring(L, -1), got);
  }
  lua_pop(L, 1);
}

// options(given, name, defaults, kinds): a table of defaults overlaid with what was given.
int options_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 4);
  TextArg::decode(L, Place{state, "options", "name", 2});
  const char* operation = lua_tostring(L, 2);
  if (!lua_istable(L, 3)) raise_kind(L, Place{state, "options", "defaults", 3}, "table");
  if (!lua_isnil(L, 4) && !lua_istable(L, 4))
    raise_kind(L, Place{state, "options", "kinds", 4}, "table");
  if (!lua_isnil(L, 1) && !lua_istable(L, 1))
    raise_text(L, Code::argument, operation, "options must be a table, got %s",
               luaL_typename(L, 1));
  constexpr int result = 5, key = 6, value = 7, fallback = 8;  // on the stack
  lua_createtable(L, 0, 8);
  lua_pushnil(L);
  while (lua_next(L, 3)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, result);
  }
  if (!lua_istable(L, 1)) {
    lua_settop(L, result);
    return 1;
  }
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    if (lua_type(L, key) == LUA_TSTRING) {
      lua_pushvalue(L, key);
      const int kind = lua_rawget(L, 3);
      if (kind == LUA_TNIL) unknown_option(L, state, operation, 3, key);
      const bool switched_off = lua_isboolean(L, value) && !lua_toboolean(L, value);
      const bool takes_any = kind == LUA_TBOOLEAN && !lua_toboolean(L, fallback);
      if (!switched_off && !takes_any && kind != lua_type(L, value))
        raise_text(L, Code::argument, operation, "option '%s' must be a %s, got %s",
                   lua_tostring(L, key), lua_typename(L, kind), luaL_typename(L, value));
      if (!switched_off) check_named_kind(L, operation, key, value);
      lua_pop(L, 1);
    }
    lua_pushvalue(L, key);
    lua_insert(L, value);
    lua_rawset(L, result);
  }
  return 1;
}

// fail(code, operation, text): what recipes raise.
int fail_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 3);
  for (const auto& [name, position] : {std::pair("code", 1), {"operation", 2}, {"text", 3}})
    TextArg::decode(L, Place{state, "fail", name, position});
  Failure why;
  size_t length = 0;
  const char* text = lua_tolstring(L, 3, &length);
  for (int c = static_cast<int>(Code::argument); c <= static_cast<int>(Code::distributed); ++c) {
    const Code code = static_cast<Code>(c);
    if (lunops::name_of(code) != lua_tostring(L, 1)) continue;
    set(why, code, lua_tostring(L, 2), {text, length});
    raise(L, why);
  }
  raise_text(L, Code::argument, "fail", "'%.40s' is no code of an error; see err.code",
             lua_tostring(L, 1));
}

constexpr Field kCall[] = {{"f", Kind::function, "what is called", {}, true},
                           {"...", Kind::any, "its arguments", {}, false}};
constexpr Manual try_ = {
    {.name = "try",
     .summary = "Calls f and turns errors of file, format, device and memory kind into results.",
     .returns = "what f returns; or nil, message, code",
     .example = "print((select(3, lo.try(lo.io.read, \"/no/such/file\"))))  --> file",
     .expected_failures = true}};
constexpr Manual time_ = {
    {.name = "time",
     .summary = "Calls f and tells seconds, bytes allocated, and the peak of the state so far.",
     .returns = "what f returns",
     .example = "print(lo.time(function() return 1 + 1 end))  --> 2",
     .waits = true}};
constexpr Field kProgress[] = {{"n", Kind::integer, "number of steps", {}, true},
                               {"label", Kind::text, "what is counted", "step", false}};
constexpr Manual progress_ = {
    {.name = "progress",
     .summary = "Counts from 1 to n and shows how far it is.",
     .returns = "an iterator",
     .example = "for i in lo.progress(2, \"frames\") do print(i) end  --> 1\n--> 2"}};
constexpr Field kOptions[] = {
    {"given", Kind::table, "what the caller gave, or nil", {}, false},
    {"name", Kind::text, "of the function, for messages", {}, true},
    {"defaults", Kind::table, "every option; false takes any value", {}, true},
    {"kinds", Kind::table, "by option, the type that lo.type tells of its value", {}, false}};
constexpr Manual options_ = {
    {.name = "options",
     .summary = "Checks options of a Lua function and fills in defaults.",
     .returns = "a new table",
     .raises = {Code::argument},
     .example = R"(print(lo.options({ tol = 1e-6 }, "f", { tol = 1e-4, iters = 5 }).iters)  --> 5
print(pcall(lo.options, { tl = 1 }, "f", { tol = 1e-4 }))  --> false	f: unknown option 'tl' (did you mean 'tol'?))"}};

constexpr Field kFail[] = {{"code", Kind::text, "what err.code will be", {}, true},
                           {"operation", Kind::text, "what was asked for", {}, true},
                           {"text", Kind::text, "what is wrong, and what to do", {}, true}};
constexpr Manual fail_ = {
    {.name = "fail",
     .summary = "Raises a lunops.Error, as the functions of the library do.",
     .returns = "never",
     .raises = {Code::argument},
     .example = R"(local _, err = pcall(lo.fail, "argument", "radial", "spokes is missing")
print(err, err.code)  --> radial: spokes is missing	argument)",
     .see = {"options", "try"}}};

constexpr Record kRecords[] = {manual(fail_, fail_entry, kFail), manual(try_, try_entry, kCall),
                               manual(time_, time_entry, kCall),
                               manual(progress_, progress_entry, kProgress),
                               manual(options_, options_entry, kOptions)};

}  // namespace

std::span<const Record> call_records() { return kRecords; }

}  // namespace lunops::lua
