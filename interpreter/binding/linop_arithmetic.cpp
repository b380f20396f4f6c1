// SPDX-License-Identifier: MIT
#include "interpreter/binding/arithmetic.hpp"
#include "interpreter/binding/entry.hpp"
#include "interpreter/binding/topics.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops::lua {

namespace {

std::string sides(const Linop& a) {
  return fmt::format("{} -> {}", a.ishape().braced(), a.oshape().braced());
}

std::string number_text(c128 z) {
  return z.imag() == 0 ? fmt::format("{}", z.real())
                       : fmt::format("lo.complex({}, {})", z.real(), z.imag());
}

// The operand that is no operator, as text.
std::string other_text(const LinopSide& s) {
  if (s.tensor != nullptr) return "the tensor " + s.tensor->value().shape().braced();
  return "the number " + number_text(s.scalar.value());
}

Linop linop_of(Arithmetic op, const LinopSide& a, const LinopSide& b) {
  const bool both = a.linop != nullptr && b.linop != nullptr;
  const Linop left = a.linop != nullptr ? a.linop->value() : Linop();
  const Linop right = b.linop != nullptr ? b.linop->value() : Linop();
  switch (op) {
    case Arithmetic::add:
    case Arithmetic::subtract: {
      if (both) return op == Arithmetic::add ? left + right : left - right;
      const Linop& linop = left ? left : right;
      const LinopSide& other = left ? b : a;
      const char* verb = op == Arithmetic::add ? "add" : "subtract";
      if (other.tensor != nullptr)
        fail(
            Code::argument, verb,
            "cannot {} operator {} and {}; apply it first, A(x), or write lo.Diagonal{{ w }} for a "
            "multiplication by weights",
            verb, sides(linop), other_text(other));
      fail(Code::argument, verb, "cannot {} operator {} and {}; write {}*lo.Identity{{}}", verb,
           sides(linop), other_text(other), number_text(other.scalar.value()));
    }
    case Arithmetic::multiply:
      if (both) return left * right;
      if (b.tensor != nullptr || a.tensor != nullptr)
        fail(Code::argument, "multiply",
             "cannot multiply {} by operator {} from the right; an operator acts on what stands to "
             "its right: A(x)",
             other_text(a), sides(right));
      return left ? lunops::scale(b.scalar.value(), left) : lunops::scale(a.scalar.value(), right);
    case Arithmetic::divide:
      if (both)
        fail(Code::argument, "divide",
             "cannot divide operators; solvers such as lo.cg(A, b) undo an operator");
      if (!left)
        fail(Code::argument, "divide",
             "cannot divide {} by operator {}; solvers such as lo.cg(A, b) undo an operator",
             other_text(a), sides(right));
      if (b.tensor != nullptr)
        fail(Code::argument, "divide",
             "cannot divide operator {} by {}; write lo.Diagonal{{ 1/w }} * A", sides(left),
             other_text(b));
      if (b.scalar.value() == c128(0))
        fail(Code::argument, "divide", "cannot divide operator {} by 0", sides(left));
      return lunops::scale(c128(1) / b.scalar.value(), left);
    case Arithmetic::power:
      if (!left || both || b.tensor != nullptr || b.is_complex)
        fail(Code::argument, "power",
             "the exponent of an operator is a real number, got {}; A ^ 2 is A * A",
             left ? (both ? "an operator" : other_text(b)) : "an operator as exponent");
      return left.power(b.scalar.re);
  }
  __builtin_unreachable();
}

template <Arithmetic op>
int entry_of(lua_State* L) {
  return arithmetic(L, op);
}

int negate(lua_State* L) {
  State& state = state_of(L);
  return negate_linop(L, state, LinopArg::decode(L, Place{state, "-", "A", 1}));
}

int refuse_order(lua_State* L) {
  raise_text(L, Code::argument, "compare",
             "operators have no order; A == B tells whether two are the same");
}
int refuse_length(lua_State* L) {
  raise_text(L, Code::argument, "#", "an operator has no length; write #A.dims or A.extent.name");
}
int refuse_concat(lua_State* L) {
  raise_text(L, Code::argument, "..",
             "operators are composed with A * B; `..` joins text: tostring(A)");
}

constexpr Manual make(std::string_view name,
                      std::string_view summary,
                      std::string_view example,
                      std::string_view notation) {
  return {{.name = name,
           .summary = summary,
           .returns = "an operator",
           .raises = {Code::shape, Code::argument},
           .example = example,
           .notation = notation},
          RecordKind::metamethod};
}

constexpr Manual kAdd =
    make("Linop.__add",
         "The sum of two operators.",
         "print((2*lo.Identity \"x\" + 3*lo.Identity \"x\")(lo.ones \"x=1\"):item())  --> 5+0i",
         "A + B");
constexpr Manual kSubtract =
    make("Linop.__sub",
         "The difference of two operators.",
         "print((2*lo.Identity \"x\" - 3*lo.Identity \"x\")(lo.ones \"x=3\"):sum())  --> -3+0i",
         "A - B");
constexpr Manual kMultiply = make("Linop.__mul",
                                  "Composition, scaling, or application: A*B, s*A, A*x.",
                                  "print((2*lo.Identity \"x\" * lo.ones \"x=1\"):item())  --> 2+0i",
                                  "A * B");
constexpr Manual kDivide =
    make("Linop.__div",
         "Scaling by 1/s.",
         "print((lo.Identity \"x\" / 2)(lo.ones \"x=1\"):item())  --> 0.5+0i",
         "A / s");
constexpr Manual kPower =
    make("Linop.__pow",
         "n-fold composition; any real power of diagonals and scalars.",
         "print(((2*lo.Identity \"x\") ^ 3)(lo.ones \"x=1\"):item())  --> 8+0i",
         "A ^ n");
constexpr Manual kNegate = make("Linop.__unm",
                                "Changes the sign.",
                                "print((-lo.Identity \"x\")(lo.ones \"x=3\"):sum())  --> -3+0i",
                                "-A");
constexpr Manual kOrder =
    make("Linop.__lt",
         "An error: operators have no order.",
         "print(pcall(function() return lo.Identity \"x\" < 1 end))  --> "
         "false	compare: operators have no order; A == B tells whether two are the same",
         "A < B");
constexpr Manual kOrderEqual =
    make("Linop.__le",
         "An error: operators have no order.",
         "print(pcall(function() return lo.Identity \"x\" <= 1 end))  --> "
         "false	compare: operators have no order; A == B tells whether two are the same",
         "A <= B");
constexpr Manual kLength =
    make("Linop.__len",
         "An error: an operator has no length.",
         "print(pcall(function() return #lo.Identity \"x\" end))  --> "
         "false	#: an operator has no length; write #A.dims or A.extent.name",
         "#A");
constexpr Manual kConcat =
    make("Linop.__concat",
         "An error: operators are composed with *.",
         "print(pcall(function() return lo.Identity \"x\" .. 1 end))  --> "
         "false	..: operators are composed with A * B; `..` joins text: tostring(A)",
         "A .. B");

constexpr Record kRecords[] = {manual(kAdd, entry_of<Arithmetic::add>),
                               manual(kSubtract, entry_of<Arithmetic::subtract>),
                               manual(kMultiply, entry_of<Arithmetic::multiply>),
                               manual(kDivide, entry_of<Arithmetic::divide>),
                               manual(kPower, entry_of<Arithmetic::power>),
                               manual(kNegate, negate),
                               manual(kOrder, refuse_order),
                               manual(kOrderEqual, refuse_order),
                               manual(kLength, refuse_length),
                               manual(kConcat, refuse_concat)};

}  // namespace

int arithmetic_of_linops(lua_State* L, State& state, Arithmetic op, LinopSide a, LinopSide b) {
  if (op == Arithmetic::multiply && a.linop != nullptr && b.tensor != nullptr)
    return finish(L, state, [&](Context& context) {
      const Linop linop = a.linop->value();
      const Tensor x = b.tensor->value();
      return linop(x, context);
    });
  return finish(L, state, [&](Context&) { return linop_of(op, a, b); });
}

int negate_linop(lua_State* L, State& state, Box<Linop>* a) {
  return finish(L, state, [&](Context&) {
    const Linop linop = a->value();
    return -linop;
  });
}

std::span<const Record> linop_arithmetic_records() { return kRecords; }

}  // namespace lunops::lua
