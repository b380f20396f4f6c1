// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>

#include <lua.hpp>

#include "interpreter/binding/failure.hpp"
#include "interpreter/binding/given.hpp"
#include "interpreter/binding/record.hpp"
#include "interpreter/binding/value.hpp"

namespace lunops::lua {

// Where a decoded argument stands, for messages: `operation: argument 2 (pattern) must be …`.
struct Place {
  State& state;
  const char* operation;
  const char* name;
  int position;
};

[[noreturn]] void raise_kind(lua_State* L, const Place& place, const char* expected);

// Each Arg type has: Raw, what decode yields, trivially destructible (rule B1); decode, which may
// raise; own, called first thing in the runner, which copies handles (rule B4) and may throw; kind.
template <class T>
struct BoxArg {
  using Raw = Box<T>*;
  static Raw decode(lua_State* L, const Place& place) {
    BoxHeader* box = any_box(L, place.position);
    if (box == nullptr || box->type != &Boxed<T>::type) raise_kind(L, place, Boxed<T>::type.noun);
    if (!box->full)
      raise_text(L, Code::closed, place.operation, "argument %d (%s) is %s", place.position,
                 place.name, box->note);
    return static_cast<Raw>(box);
  }
  static T own(Raw raw) { return raw->value(); }
};

struct TensorArg : BoxArg<Tensor> {
  static constexpr Kind kind = Kind::tensor;
};
struct LinopArg : BoxArg<Linop> {
  static constexpr Kind kind = Kind::linop;
};
// Self of a value type whose copy would cost: the box stays on the stack, and no callback runs.
template <class T>
struct SelfArg : BoxArg<T> {
  static constexpr Kind kind = Kind::any;
  static const T& own(typename BoxArg<T>::Raw raw) { return raw->value(); }
};

struct TextArg {
  using Raw = std::string_view;
  static constexpr Kind kind = Kind::text;
  static Raw decode(lua_State* L, const Place& place);
  static Raw own(Raw raw) { return raw; }
};
struct NumberArg {
  using Raw = double;
  static constexpr Kind kind = Kind::number;
  static Raw decode(lua_State* L, const Place& place);
  static Raw own(Raw raw) { return raw; }
};
struct IntArg {
  using Raw = int64_t;
  static constexpr Kind kind = Kind::integer;
  static Raw decode(lua_State* L, const Place& place);
  static Raw own(Raw raw) { return raw; }
};
struct BoolArg {
  using Raw = bool;
  static constexpr Kind kind = Kind::boolean;
  static Raw decode(lua_State* L, const Place& place);
  static Raw own(Raw raw) { return raw; }
};

// A number or lo.complex.
struct Complex {
  double re = 0, im = 0;
  c128 value() const { return {re, im}; }
};
struct ScalarArg {
  using Raw = Complex;
  static constexpr Kind kind = Kind::scalar;
  static Raw decode(lua_State* L, const Place& place);
  static c128 own(Raw raw) { return raw.value(); }
};

// Text such as "y=256 x", or a Shape.
struct ShapeArg {
  struct Raw {
    const Shape* shape;
    std::string_view text;
  };
  static constexpr Kind kind = Kind::shape;
  static Raw decode(lua_State* L, const Place& place);
  static Shape own(const Raw& raw) {
    return raw.shape != nullptr ? *raw.shape : Shape::parse(raw.text);
  }
};

// Anything, decoded into a tree; tables must be plain.
struct ValueArg {
  using Raw = const Value*;
  static constexpr Kind kind = Kind::any;
  static Raw decode(lua_State* L, const Place& place) {
    return decode_value(L, place.state, place.position, place.operation);
  }
  static const Value& own(Raw raw) { return *raw; }
};
struct TableArg : ValueArg {
  static constexpr Kind kind = Kind::table;
  static Raw decode(lua_State* L, const Place& place) {
    if (!lua_istable(L, place.position)) raise_kind(L, place, "table");
    return ValueArg::decode(L, place);
  }
};
// Text "y x" or a list of names.
struct DimsArg : ValueArg {
  static constexpr Kind kind = Kind::dims;
};
struct FunctionArg {
  using Raw = int;  // stack index
  static constexpr Kind kind = Kind::function;
  static Raw decode(lua_State* L, const Place& place) {
    if (!lua_isfunction(L, place.position)) raise_kind(L, place, "function");
    return place.position;
  }
  static Raw own(Raw raw) { return raw; }
};

template <class A>
struct OptionalArg {
  using Raw = std::optional<typename A::Raw>;
  static constexpr Kind kind = A::kind;
  static Raw decode(lua_State* L, const Place& place) {
    if (lua_isnoneornil(L, place.position)) return {};
    return A::decode(L, place);
  }
  static auto own(const Raw& raw) {
    using Owned = std::decay_t<decltype(A::own(*raw))>;
    return raw ? std::optional<Owned>(A::own(*raw)) : std::optional<Owned>();
  }
};

}  // namespace lunops::lua
