// SPDX-License-Identifier: MIT
#pragma once

#include "interpreter/binding/args.hpp"

namespace lunops::lua {

enum class Arithmetic : uint8_t { add, subtract, multiply, divide, power };

// The one function behind the binary metamethods of numbers, tensors and operators (lua-host §3.3):
// each pair of kinds has a value or a message of its own.
int arithmetic(lua_State* L, Arithmetic op);

// One side of an expression with an operator in it; a scalar if neither pointer is set.
struct LinopSide {
  Box<Linop>* linop;
  Box<Tensor>* tensor;
  Complex scalar;
  bool is_complex;
};
int arithmetic_of_linops(lua_State* L, State& state, Arithmetic op, LinopSide a, LinopSide b);
int negate_linop(lua_State* L, State& state, Box<Linop>* a);

}  // namespace lunops::lua
