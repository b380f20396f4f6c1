// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <lua.hpp>

#include "interpreter/binding/types.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/linop/linop.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops::lua {

struct Table;

// A Lua function inside a decoded table: number `number` in the user value of the scratch box at
// stack index `scratch` of the entry.
struct FunctionSlot {
  int scratch = 0;
  int number = 0;
  void push(lua_State* L) const noexcept;  // needs two free slots
};

// Something a decoded table holds that no record asks for: the name of its type.
struct Opaque {
  std::string type;
};

// A Lua value as C++ sees it: what nested tables and options are decoded into, and what functions
// that return tables build.  Boxes are copied as handles, so closing one later changes nothing.
struct Value {
  using Data = std::variant<std::monostate,
                            bool,
                            int64_t,
                            double,
                            c128,
                            std::string,
                            Tensor,
                            Linop,
                            Shape,
                            Signature,
                            std::unique_ptr<Table>,
                            FunctionSlot,
                            Opaque>;
  Data data;

  Value() = default;
  Value(bool b) : data(b) {}
  Value(int i) : data(static_cast<int64_t>(i)) {}
  Value(int64_t i) : data(i) {}
  Value(uint64_t i) : data(static_cast<int64_t>(i)) {}
  Value(double d) : data(d) {}
  Value(c128 z) : data(z) {}
  Value(std::string s) : data(std::move(s)) {}
  Value(std::string_view s) : data(std::string(s)) {}
  Value(const char* s) : data(std::string(s)) {}
  Value(Tensor t) : data(std::move(t)) {}
  Value(Linop a) : data(std::move(a)) {}
  Value(Shape s) : data(std::move(s)) {}
  Value(Signature s) : data(std::move(s)) {}
  Value(Table t);

  bool is_nil() const noexcept { return data.index() == 0; }
  template <class T>
  const T* get() const noexcept {
    return std::get_if<T>(&data);
  }
  const Table* table() const noexcept;
  std::string_view type() const noexcept;  // "number", "tensor" …: for messages
};

// Array part and named part of a table; `fields` is sorted by name when it comes from Lua, whose
// order means nothing.  Keys of other kinds are an error when decoding.
struct Table {
  std::vector<Value> list;
  std::vector<std::pair<std::string, Value>> fields;
  std::string text;                   // not empty: what tostring shows of a result
  const luaL_Reg* methods = nullptr;  // of a result, ended by nulls

  Value& operator[](std::string_view name);
  const Value* find(std::string_view name) const noexcept;
};

// Several results at once.
struct Results {
  std::vector<Value> values;
};

template <>
struct Boxed<Value> {
  static const BoxType type;
  static constexpr int user_values = 1;  // functions of the tree
};
template <>
struct Boxed<Results> {
  static const BoxType type;
  static constexpr int user_values = 0;
};
template <>
struct Boxed<std::string> {
  static const BoxType type;
  static constexpr int user_values = 0;
};

// metatable[&kResultText] = the text of a result table, for printing.
extern const char kResultText;

// Decodes the value at `index` into a scratch box that stays on the stack and owns it; functions
// inside it are pushed as well.  Raises on tables nested deeper than 32, on keys that are neither
// text nor part of the array, and on closed boxes.
const Value* decode_value(lua_State* L, State& state, int index, const char* operation);

// Pushes a value whose owner lies on the stack.  May raise on memory.
void push_value(lua_State* L, State& state, const Value& value);

}  // namespace lunops::lua
