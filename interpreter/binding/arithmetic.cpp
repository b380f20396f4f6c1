// SPDX-License-Identifier: MIT
#include "interpreter/binding/arithmetic.hpp"

#include <cmath>

#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"

namespace lunops::lua {

namespace {

// What an operand of a metamethod is; the table of lua-host §3.3 is over pairs of these.
enum class Is : uint8_t { number, complex, tensor, linop, other };

struct Side {
  Is is;
  Complex scalar;
  Box<Tensor>* tensor;
  Box<Linop>* linop;
};

constexpr const char* symbol(Arithmetic op) {
  switch (op) {
    case Arithmetic::add:
      return "+";
    case Arithmetic::subtract:
      return "-";
    case Arithmetic::multiply:
      return "*";
    case Arithmetic::divide:
      return "/";
    case Arithmetic::power:
      return "^";
  }
  return "";
}

Side side(lua_State* L, int index, const char* operation) {
  if (lua_type(L, index) == LUA_TNUMBER)
    return {Is::number, {lua_tonumberx(L, index, nullptr), 0}, nullptr, nullptr};
  BoxHeader* box = any_box(L, index);
  if (box != nullptr && !box->full)
    raise_text(L, Code::closed, operation, "the %s operand is a %s that is %s",
               index == 1 ? "left" : "right", box->type->noun, box->note);
  if (auto* z = box_at<c128>(L, index))
    return {Is::complex, {z->value().real(), z->value().imag()}, nullptr, nullptr};
  if (auto* x = box_at<Tensor>(L, index)) return {Is::tensor, {}, x, nullptr};
  if (auto* a = box_at<Linop>(L, index)) return {Is::linop, {}, nullptr, a};
  return {Is::other, {}, nullptr, nullptr};
}

Binary binary_of(Arithmetic op) {
  switch (op) {
    case Arithmetic::add:
      return Binary::add;
    case Arithmetic::subtract:
      return Binary::subtract;
    case Arithmetic::multiply:
      return Binary::multiply;
    case Arithmetic::divide:
      return Binary::divide;
    case Arithmetic::power:
      return Binary::power;
  }
  __builtin_unreachable();
}

c128 scalars(Arithmetic op, c128 a, c128 b) {
  switch (op) {
    case Arithmetic::add:
      return a + b;
    case Arithmetic::subtract:
      return a - b;
    case Arithmetic::multiply:
      return a * b;
    case Arithmetic::divide:
      return a / b;
    case Arithmetic::power:
      return b == c128(2) ? a * a : std::pow(a, b);
  }
  __builtin_unreachable();
}

[[noreturn]] void raise_other(lua_State* L, Arithmetic op, bool left) {
  const int index = left ? 1 : 2;
  const BoxHeader* box = any_box(L, index);
  const BoxHeader* with = any_box(L, left ? 2 : 1);
  raise_text(L, Code::argument, symbol(op),
             "the %s operand is a %s; a %s takes numbers, lo.complex, "
             "tensors or operators",
             left ? "left" : "right", box != nullptr ? box->type->noun : luaL_typename(L, index),
             with != nullptr ? with->type->noun : "value");
}

template <Arithmetic op>
int arithmetic_entry(lua_State* L) {
  return arithmetic(L, op);
}

int negate(lua_State* L) {
  State& state = state_of(L);
  const Side a = side(L, 1, "-");
  if (a.is == Is::complex) return finish(L, state, [&](Context&) { return -a.scalar.value(); });
  if (a.is == Is::linop) return negate_linop(L, state, a.linop);
  if (a.is != Is::tensor) raise_other(L, Arithmetic::subtract, true);
  return finish(L, state, [&](Context& context) {
    const Tensor x = a.tensor->value();
    return unary(Unary::negate, x, context);
  });
}

constexpr Manual make(std::string_view name,
                      std::string_view summary,
                      std::string_view example,
                      std::string_view notation) {
  return {{.name = name,
           .summary = summary,
           .returns = "a tensor, operator or lo.complex",
           .raises = {Code::shape, Code::dtype, Code::device, Code::argument},
           .example = example,
           .notation = notation},
          RecordKind::metamethod};
}

constexpr Manual kAdd = make("Tensor.__add",
                             "Adds element by element, broadcasting by name.",
                             "print((lo.ones \"x=3\" + 2):sum())  --> 9+0i",
                             "x + y");
constexpr Manual kSubtract = make("Tensor.__sub",
                                  "Subtracts element by element, broadcasting by name.",
                                  "print((lo.ones \"x=3\" - 2):sum())  --> -3+0i",
                                  "x - y");
constexpr Manual kMultiply = make("Tensor.__mul",
                                  "Multiplies element by element, broadcasting by name.",
                                  "print((2 * lo.ones \"x=3\"):sum())  --> 6+0i",
                                  "x * y");
constexpr Manual kDivide = make("Tensor.__div",
                                "Divides element by element, broadcasting by name.",
                                "print((lo.ones \"x=4\" / 2):sum())  --> 2+0i",
                                "x / y");
constexpr Manual kPower =
    make("Tensor.__pow",
         "Raises to a power, element by element.",
         "print((lo.full(\"x=1\", 3, { dtype = \"f32\" }) ^ 2):item())  --> 9.0",
         "x ^ p");
constexpr Manual kNegate =
    make("Tensor.__unm", "Changes the sign.", "print((-lo.ones \"x=3\"):sum())  --> -3+0i", "-x");

constexpr Record kTensor[] = {manual(kAdd, arithmetic_entry<Arithmetic::add>),
                              manual(kSubtract, arithmetic_entry<Arithmetic::subtract>),
                              manual(kMultiply, arithmetic_entry<Arithmetic::multiply>),
                              manual(kDivide, arithmetic_entry<Arithmetic::divide>),
                              manual(kPower, arithmetic_entry<Arithmetic::power>),
                              manual(kNegate, negate)};

constexpr Manual kAddComplex = make("Complex.__add", "Adds.", "print(lo.i + 1)  --> 1+1i", "z + w");
constexpr Manual kSubtractComplex =
    make("Complex.__sub", "Subtracts.", "print(lo.i - 1)  --> -1+1i", "z - w");
constexpr Manual kMultiplyComplex =
    make("Complex.__mul", "Multiplies.", "print(lo.i * lo.i)  --> -1+0i", "z * w");
constexpr Manual kDivideComplex =
    make("Complex.__div", "Divides.", "print(lo.i / 2)  --> 0+0.5i", "z / w");
constexpr Manual kPowerComplex =
    make("Complex.__pow", "Raises to a power.", "print(lo.i ^ 2)  --> -1+0i", "z ^ w");
constexpr Manual kNegateComplex =
    make("Complex.__unm", "Changes the sign.", "print(-lo.complex(1, 2))  --> -1-2i", "-z");

constexpr Record kComplex[] = {manual(kAddComplex, arithmetic_entry<Arithmetic::add>),
                               manual(kSubtractComplex, arithmetic_entry<Arithmetic::subtract>),
                               manual(kMultiplyComplex, arithmetic_entry<Arithmetic::multiply>),
                               manual(kDivideComplex, arithmetic_entry<Arithmetic::divide>),
                               manual(kPowerComplex, arithmetic_entry<Arithmetic::power>),
                               manual(kNegateComplex, negate)};

}  // namespace

int arithmetic(lua_State* L, Arithmetic op) {
  State& state = state_of(L);
  const Side a = side(L, 1, symbol(op));
  const Side b = side(L, 2, symbol(op));
  if (a.is == Is::other) raise_other(L, op, true);
  if (b.is == Is::other) raise_other(L, op, false);
  if (a.is == Is::linop || b.is == Is::linop)
    return arithmetic_of_linops(L, state, op, {a.linop, a.tensor, a.scalar, a.is == Is::complex},
                                {b.linop, b.tensor, b.scalar, b.is == Is::complex});
  if (a.is != Is::tensor && b.is != Is::tensor)
    return finish(L, state,
                  [&](Context&) { return scalars(op, a.scalar.value(), b.scalar.value()); });
  return finish(L, state, [&](Context& context) {
    const Binary kind = binary_of(op);
    if (a.is != Is::tensor) {
      const Tensor y = b.tensor->value();
      return binary(kind, a.scalar.value(), y, context);
    }
    const Tensor x = a.tensor->value();
    if (b.is != Is::tensor) return binary(kind, x, b.scalar.value(), context);
    const Tensor y = b.tensor->value();
    return binary(kind, x, y, context);
  });
}

std::span<const Record> tensor_arithmetic_records() { return kTensor; }
std::span<const Record> complex_arithmetic_records() { return kComplex; }

}  // namespace lunops::lua
