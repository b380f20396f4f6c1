// SPDX-License-Identifier: MIT
#pragma once

#include <complex>
#include <string>

#include "interpreter/binding/box.hpp"
#include "runtime/core/dtype.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/core/signature.hpp"
#include "runtime/linop/linop.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops::lua {

// The extents of a shape or an operator: what `x.extent` is.  `known` may name dims that have no
// extent yet.
struct Extents {
  Shape known;
  std::string owner;  // "Dense {y, x} -> {coil, y, x}": for the message about an unknown dim
};

template <>
struct Boxed<c128> {
  static const BoxType type;
  static constexpr int user_values = 0;
};
template <>
struct Boxed<Tensor> {
  static const BoxType type;
  static constexpr int user_values = 1;  // cache of properties
};
template <>
struct Boxed<Linop> {
  static const BoxType type;
  static constexpr int user_values = 1;
};
template <>
struct Boxed<Shape> {
  static const BoxType type;
  static constexpr int user_values = 1;
};
template <>
struct Boxed<Signature> {
  static const BoxType type;
  static constexpr int user_values = 1;
};
template <>
struct Boxed<Extents> {
  static const BoxType type;
  static constexpr int user_values = 1;
};

// Pushes a box with a copy of the handle.  Copies do not throw but for Shape, Signature and
// Extents, whose failure is raised as a memory error.
void push_tensor(lua_State* L, State& state, const Tensor& x);
void push_linop(lua_State* L, State& state, const Linop& a);
void push_complex(lua_State* L, State& state, c128 z);
void push_shape(lua_State* L, State& state, const Shape& s);
void push_signature(lua_State* L, State& state, const Signature& s);

// What the prompt shows of an operator.
std::string tree_of(const Linop& a);

// Registry of operator boxes by node (weak): replaces the filled box on top of the stack by an
// older live box of the same node, so that A.H.H is A.  May raise on memory.
void share_linop(lua_State* L, State& state);

}  // namespace lunops::lua
