// SPDX-License-Identifier: MIT
#pragma once

#include <tuple>
#include <utility>

#include "interpreter/binding/args.hpp"

namespace lunops::lua {

// The machinery that turns a record into a lua_CFunction (lua-host §1.2, §1.3):
//   decode   may raise; yields trivially destructible values only
//   compute  the record's function, inside `run`, which has the only `try`
//   encode   may raise; a box on the Lua stack owns the result by then

// A positional parameter of a record, and the options table that may follow the last one.
template <class A>
struct Param {
  using Arg = A;
  Field field;
};
template <class A>
constexpr Param<A> param(std::string_view name, std::string_view text) {
  return {{name, A::kind, text, {}, true}};
}
template <class A>
constexpr Param<OptionalArg<A>> optional(std::string_view name,
                                         std::string_view text,
                                         std::string_view fallback = {}) {
  return {{name, A::kind, text, fallback, false}};
}
constexpr Field option(std::string_view name,
                       Kind kind,
                       std::string_view fallback,
                       std::string_view text) {
  return {name, kind, text, fallback, false};
}

// How a result leaves C++: boxes are filled inside `run` and then encoded; trivial results need
// none.
template <class R>
struct Encode {
  static constexpr bool is_boxed = true;
  static int push(lua_State* L, State& state, Box<R>* box);  // the box is on top of the stack
};
template <>
struct Encode<Tensor> {
  static constexpr bool is_boxed = true;
  static int push(lua_State*, State&, Box<Tensor>*) { return 1; }
};
template <>
struct Encode<c128> {
  static constexpr bool is_boxed = true;
  static int push(lua_State*, State&, Box<c128>*) { return 1; }
};
template <>
struct Encode<Shape> {
  static constexpr bool is_boxed = true;
  static int push(lua_State*, State&, Box<Shape>*) { return 1; }
};
template <>
struct Encode<Signature> {
  static constexpr bool is_boxed = true;
  static int push(lua_State*, State&, Box<Signature>*) { return 1; }
};
template <>
struct Encode<Extents> {
  static constexpr bool is_boxed = true;
  static int push(lua_State*, State&, Box<Extents>*) { return 1; }
};
template <>
struct Encode<Linop> {
  static constexpr bool is_boxed = true;
  static int push(lua_State* L, State& state, Box<Linop>*) {
    share_linop(L, state);
    return 1;
  }
};
template <>
struct Encode<std::string> {
  static constexpr bool is_boxed = true;
  static int push(lua_State* L, State&, Box<std::string>* box) {
    lua_pushlstring(L, box->value().data(), box->value().size());
    return 1;
  }
};
template <>
struct Encode<Value> {
  static constexpr bool is_boxed = true;
  static int push(lua_State* L, State& state, Box<Value>* box) {
    push_value(L, state, box->value());
    return 1;
  }
};
template <>
struct Encode<Results> {
  static constexpr bool is_boxed = true;
  static int push(lua_State* L, State& state, Box<Results>* box) {
    const auto& values = box->value().values;
    luaL_checkstack(L, static_cast<int>(values.size()) + 4, nullptr);
    for (const Value& value : values) push_value(L, state, value);
    return static_cast<int>(values.size());
  }
};
template <>
struct Encode<bool> {
  static constexpr bool is_boxed = false;
  static int push(lua_State* L, bool b) {
    lua_pushboolean(L, b);
    return 1;
  }
};
template <>
struct Encode<int64_t> {
  static constexpr bool is_boxed = false;
  static int push(lua_State* L, int64_t i) {
    lua_pushinteger(L, i);
    return 1;
  }
};
template <>
struct Encode<double> {
  static constexpr bool is_boxed = false;
  static int push(lua_State* L, double d) {
    lua_pushnumber(L, d);
    return 1;
  }
};
template <>
struct Encode<std::string_view> {  // of static storage only
  static constexpr bool is_boxed = false;
  static int push(lua_State* L, std::string_view s) {
    lua_pushlstring(L, s.data(), s.size());
    return 1;
  }
};

// Runs f(context) and pushes what it returns: the second half of every entry.
template <class F>
int finish(lua_State* L, State& state, F&& f) {
  using R = std::decay_t<decltype(f(std::declval<Context&>()))>;
  Failure why;
  if constexpr (std::is_void_v<R>) {
    const bool ok = run(state, why, [&] {
      Context context = state.enter(L);
      f(context);
    });
    if (!ok) raise(L, why);
    return 0;
  } else if constexpr (Encode<R>::is_boxed) {
    Box<R>* out = push_box<R>(L, state);
    const bool ok = run(state, why, [&] {
      Context context = state.enter(L);
      out->emplace(f(context));
    });
    if (!ok) raise(L, why);
    return Encode<R>::push(L, state, out);
  } else {
    static_assert(std::is_trivially_destructible_v<R>);
    R out{};
    const bool ok = run(state, why, [&] {
      Context context = state.enter(L);
      out = f(context);
    });
    if (!ok) raise(L, why);
    return Encode<R>::push(L, out);
  }
}

// Pushes a box with a copy of a value whose copy may throw.
template <class T>
void push_copy(lua_State* L, State& state, const T& value) {
  Box<T>* box = push_box<T>(L, state, false);
  Failure why;
  if (!run(state, why, [&] { box->emplace(T(value)); })) raise(L, why);
}

// A declared function: information, the C++ function, its parameters and options.
template <RecordKind kind_, class F, size_t N, class... P>
struct Declared {
  static constexpr RecordKind kind = kind_;
  static constexpr size_t options_count = N;
  Info info;
  F function;
  std::tuple<P...> params;
  std::array<Field, N> options;
};

template <const auto& record>
struct Fields {
  static constexpr auto operands = [] {
    return std::apply([](const auto&... p) { return std::array<Field, sizeof...(p)>{p.field...}; },
                      record.params);
  }();
};

// The operation in messages: "Tensor:sum" is called `sum`.
constexpr std::string_view short_name(std::string_view name) {
  const size_t at = name.find_last_of(".:");
  return at == std::string_view::npos ? name : name.substr(at + 1);
}

template <const auto& record, size_t... I>
int enter(lua_State* L, std::index_sequence<I...>) {
  using D = std::remove_cvref_t<decltype(record)>;
  using Params = std::remove_cvref_t<decltype(record.params)>;
  State& state = state_of(L);
  constexpr int count = static_cast<int>(sizeof...(I));
  static constexpr std::string_view operation = short_name(record.info.name);
  lua_settop(L, count + (D::options_count > 0 ? 1 : 0));
  using Raws = std::tuple<typename std::tuple_element_t<I, Params>::Arg::Raw...>;
  static_assert(std::is_trivially_destructible_v<Raws>);
  // Braces evaluate from left to right, so the first wrong argument is the one reported.
  Raws raws{std::tuple_element_t<I, Params>::Arg::decode(
      L, Place{state, operation.data(), std::get<I>(record.params).field.name.data(),
               static_cast<int>(I) + 1})...};
  if constexpr (D::options_count > 0) {
    const Value* options = decode_value(L, state, count + 1, operation.data());
    return finish(L, state, [&](Context& context) {
      if (!options->is_nil() && options->table() == nullptr)
        fail(Code::argument, operation, "argument {} must be a table of options, got {}", count + 1,
             options->type());
      const Given given(operation, *options, {}, record.options);
      return record.function(
          context, std::tuple_element_t<I, Params>::Arg::own(std::get<I>(raws))..., given);
    });
  } else {
    return finish(L, state, [&](Context& context) {
      return record.function(context,
                             std::tuple_element_t<I, Params>::Arg::own(std::get<I>(raws))...);
    });
  }
}

template <const auto& record>
int entry(lua_State* L) {
  using Params = std::remove_cvref_t<decltype(record.params)>;
  return enter<record>(L, std::make_index_sequence<std::tuple_size_v<Params>>{});
}

// A constructor takes one table: operands in its array part, options by name.
template <const auto& record>
int constructor_entry(lua_State* L) {
  State& state = state_of(L);
  lua_settop(L, 1);
  static constexpr std::string_view operation = short_name(record.info.name);
  const Value* value = decode_value(L, state, 1, operation.data());
  return finish(L, state, [&](Context& context) {
    const Given given(operation, *value, Fields<record>::operands, record.options);
    return record.function(context, given);
  });
}

template <RecordKind kind, class F, class... P>
constexpr auto declare(Info info, F f, P... params) {
  return Declared<kind, F, 0, P...>{info, f, {params...}, {}};
}
template <class F, class... P>
constexpr auto function(Info info, F f, P... params) {
  return declare<RecordKind::function>(info, f, params...);
}
template <class F, class... P>
constexpr auto method(Info info, F f, P... params) {
  return declare<RecordKind::method>(info, f, params...);
}
template <class F, class... P>
constexpr auto metamethod(Info info, F f, P... params) {
  return declare<RecordKind::metamethod>(info, f, params...);
}
template <class F, class... P>
constexpr auto property(Info info, F f, P... params) {
  return declare<RecordKind::property>(info, f, params...);
}
// `with_options(function(…), option(…), …)`: the function's last parameter is then a Given.
template <RecordKind kind, class F, class... P, class... O>
constexpr auto with_options(Declared<kind, F, 0, P...> d, O... options) {
  return Declared<kind, F, sizeof...(O), P...>{d.info, d.function, d.params, {options...}};
}
// The table of a constructor: operand<…> declared by kind, since the table is decoded as a whole.
struct Operand {
  Field field;
};
constexpr Operand operand(std::string_view name, Kind kind, std::string_view text) {
  return {{name, kind, text, {}, true}};
}
constexpr Operand optional_operand(std::string_view name, Kind kind, std::string_view text) {
  return {{name, kind, text, {}, false}};
}
template <class F, class... P>
constexpr auto constructor(Info info, F f, P... operands) {
  return declare<RecordKind::constructor>(info, f, operands...);
}

// The type-erased view, and its entry.
template <const auto& record>
constexpr Record exported() {
  using D = std::remove_cvref_t<decltype(record)>;
  if constexpr (D::kind == RecordKind::constructor) {
    return {&record.info, D::kind, constructor_entry<record>, Fields<record>::operands,
            record.options};
  } else {
    return {&record.info, D::kind, entry<record>, Fields<record>::operands, record.options};
  }
}
template <const auto& record>
constexpr Record cached() {
  Record r = exported<record>();
  r.is_cached = true;
  return r;
}

// A hand-written entry with its record; it keeps the rules of entries itself.
struct Manual {
  Info info;
  RecordKind kind = RecordKind::function;
};
constexpr Record manual(const Manual& record,
                        lua_CFunction entry,
                        std::span<const Field> operands = {},
                        std::span<const Field> options = {}) {
  return {&record.info, record.kind, entry, operands, options};
}

}  // namespace lunops::lua
