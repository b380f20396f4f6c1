// SPDX-License-Identifier: MIT
#include "interpreter/binding/record.hpp"

namespace lunops::lua {

std::string_view name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::any:
      return "any value";
    case Kind::number:
      return "a number";
    case Kind::integer:
      return "an integer";
    case Kind::boolean:
      return "a boolean";
    case Kind::text:
      return "a string";
    case Kind::scalar:
      return "a number or lo.complex";
    case Kind::tensor:
      return "a tensor";
    case Kind::linop:
      return "an operator";
    case Kind::shape:
      return "a shape or string";
    case Kind::table:
      return "a table";
    case Kind::function:
      return "a function";
    case Kind::dims:
      return "a string or list of dims";
    case Kind::number_table:
      return "a number or a table by dim";
    case Kind::number_false:
      return "a number or false";
    case Kind::text_boolean:
      return "a string or boolean";
  }
  return "";
}

std::string_view word_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::any:
      return "any";
    case Kind::number:
      return "number";
    case Kind::integer:
      return "integer";
    case Kind::boolean:
      return "boolean";
    case Kind::text:
      return "string";
    case Kind::scalar:
      return "number|lunops.Complex";
    case Kind::tensor:
      return "lunops.Tensor";
    case Kind::linop:
      return "lunops.Linop";
    case Kind::shape:
      return "string|lunops.Shape";
    case Kind::table:
      return "table";
    case Kind::function:
      return "function";
    case Kind::dims:
      return "string|string[]";
    case Kind::number_table:
      return "number|table";
    case Kind::number_false:
      return "number|false";
    case Kind::text_boolean:
      return "string|boolean";
  }
  return "";
}

}  // namespace lunops::lua
