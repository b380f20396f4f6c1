// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include <lua.hpp>

#include "runtime/core/error.hpp"

namespace lunops::lua {

// A short list inside a constant.
template <class T, int N>
struct Short {
  std::array<T, N> items = {};
  int count = 0;
  constexpr Short() = default;
  constexpr Short(std::initializer_list<T> list) {
    for (const T& item : list) items[static_cast<size_t>(count++)] = item;
  }
  constexpr const T* begin() const { return items.data(); }
  constexpr const T* end() const { return items.data() + count; }
};

// What is said about an exported function, operator class, property or metamethod: the source of
// help, completion, reference, and of the checks of operands and options (lua-host §6).
struct Info {
  std::string_view name;  // "rearrange"; "Tensor:sum", "Tensor.shape", "Tensor.__add" for members
  std::string_view summary;  // one sentence
  // Of operators: the string as a reader writes it, "y x -> ky kx", where no operand's text shows
  // one; what A.H and A.N are, in a few words.
  std::string_view signature = {};
  std::string_view adjoint = {};
  std::string_view normal = {};
  std::string_view returns = {};
  Short<Code, 6> raises = {};
  std::string_view example = {};  // text after --> is compared with what is printed
  std::string_view source = {};   // paper, equation
  std::string_view since = "0.1.0";
  bool waits = false;              // for the device
  bool expected_failures = false;  // returns nil, message, code
  std::string_view notation = {};  // "x + y"
  Short<std::string_view, 6> see = {};
};

enum class Kind {
  any,
  number,
  integer,
  boolean,
  text,
  scalar,  // number or complex
  tensor,
  linop,
  shape,  // text or shape
  table,
  function,
  dims,          // text or list of names
  number_table,  // number or table by dim
  number_false,  // number, or false to switch off
  text_boolean,  // text or boolean
};
std::string_view name_of(Kind kind) noexcept;  // "a number", for messages
std::string_view word_of(Kind kind) noexcept;  // "number", for the dump

// One operand or option.
struct Field {
  std::string_view name;
  Kind kind;
  std::string_view text;
  std::string_view fallback = {};  // the default as a reader sees it; empty: none
  bool required = false;
};

enum class RecordKind { function, constructor, method, property, metamethod };

// The type-erased view of a record, with its entry.
struct Record {
  const Info* info;
  RecordKind kind;
  lua_CFunction entry;
  std::span<const Field> operands;
  std::span<const Field> options;
  bool is_cached = false;  // properties: computed once per box
};

// All records by topic, in the order of the reference.
struct Topic {
  std::string_view name;  // "tensors"
  std::span<const Record> records;
};
std::span<const Topic> all_topics();

// The records as JSON: `lunops --dump-records`; one line per operator: `lunops --list-operators`.
__attribute__((visibility("default"))) std::string dump_records();
__attribute__((visibility("default"))) std::string list_operators();

}  // namespace lunops::lua
