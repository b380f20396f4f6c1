// SPDX-License-Identifier: MIT
// Neighbours that act element by element as one kernel: R29.
#include <cmath>

#include "runtime/plan/explain.hpp"
#include "tests/unit/linop/values.hpp"
#include "tests/unit/plan/rewritten.hpp"

using namespace lunops;
using test::random;
using test::rewritten;
using test::steps_of;
using test::uses_of;

namespace {

const PlanOptions kOff{.without = {"pointwise"}};

Linop cast(const char* to) {
  CastOptions o;
  o.to = to;
  return Cast("y x", o);
}

}  // namespace

TEST_CASE("R29: Diagonals over different dims and a Conj are one kernel", "[plan]") {
  const Linop y = Diagonal(random("y=3"), "y x"), x = Diagonal(random("x=5", 2), "y x");
  const Linop conj = Conj("y x");
  const Tensor data = random("y=3 x=5", 3), many = random("b=2 y=3 x=5", 4);

  for (const Linop& a : {y * x * conj, conj * y * x, y * conj * x, (y * x * conj).H(),
                         y.H() * conj * x.conj(), c128(0, 2) * y * conj * (c128(1, 2) * x)}) {
    CHECK(steps_of(a, data) == 1);
    CHECK(steps_of(a, many) == 1);
    CHECK(uses_of("R29", a, data) == 1);
    CHECK(steps_of(a, data, kOff) > 1);
  }
  CHECK(steps_of((y * x).T(), data) == 1);
  CHECK(steps_of((y * x).conj(), data) == 1);
  CHECK(steps_of(y, data) == 1);
  CHECK(uses_of("R29", y, data) == 0);
}

TEST_CASE("R29: sums of pointwise products are one kernel", "[plan]") {
  const Linop y = Diagonal(random("y=3"), "y x"), x = Diagonal(random("x=5", 2), "y x");
  const Linop conj = Conj("y x"), one = Identity("y x");
  const Tensor data = random("y=3 x=5", 3);
  const Linop sum = c128(0, 2) * x * conj + y - 3.0 * one;

  CHECK(steps_of(y + x, data) == 1);
  CHECK(steps_of(sum, data) == 1);
  CHECK(steps_of(sum.H(), data) == 1);
  CHECK(steps_of(y * sum * conj, data) == 1);
  CHECK(steps_of(sum, data, kOff) > 1);
  CHECK(steps_of(sum * sum, data) == 2);  // nine terms would be too many
}

TEST_CASE("R29: the adjoint of a fused operator is that for Re<., .>", "[plan]") {
  Context context;
  const Linop y = Diagonal(random("y=3"), "y x"), x = Diagonal(random("x=5", 2), "y x");
  const Linop a = c128(1, 2) * y * Conj("y x") * (c128(0, 2) * x) + x - 3.0 * (y.H() * Conj("y x"));
  const Tensor u = random("b=2 y=3 x=5", 3), v = random("b=2 y=3 x=5", 4);

  const double left = dot(v, apply_planned(a, u, context, {}), context).real();
  const double right = dot(apply_planned(a.H(), v, context, {}), u, context).real();

  CHECK(uses_of("R29", a, u) == 1);
  CHECK(uses_of("R29", a.H(), u) == 1);
  // Sums of 30 products of numbers of size 10 in c128.
  CHECK(std::abs(left - right) < 1e-11);
}

TEST_CASE("R29: of strided data and of none", "[plan]") {
  Context context;
  const Linop y = Diagonal(random("y=3"), "y x"), x = Diagonal(random("x=5", 2), "y x");
  const Tensor turned = random("x=5 y=3", 3).permute("y x"), wide = random("y=3 x=10", 4);
  const Linop empty = Diagonal(random("y=0"), "y x") * x * Conj("y x");

  CHECK(steps_of(y * x * Conj("y x"), turned) == 1);
  CHECK(apply_planned(empty, random("y=0 x=5"), context, {}).count() == 0);
  // Between other operators the kernel works where its data lie.
  const Linop f = FFT("y=3 x=5 -> ky kx");
  const Linop product = f.H() * Diagonal(random("ky=3"), "ky kx") * Conj("ky kx") *
                        Diagonal(random("kx=5", 2), "ky kx") * f;
  CHECK(uses_of("R29", product, random("y=3 x=5")) == 1);
  CHECK(steps_of(product, random("y=3 x=5")) == 3);
}

TEST_CASE("R29: Casts are part of the kernel, but those that round in between", "[plan]") {
  Context context;
  const Linop wide = cast("c128"), narrow = cast("c64");
  const Linop y = Diagonal(random("y=3"), "y x"), x = Diagonal(random("x=5", 2), "y x");
  const Tensor data = random("y=3 x=5", 3);
  const Tensor half = data.as(DType::c64, context);

  CHECK(uses_of("R29", narrow * Conj("y x") * narrow.H(), half) == 1);
  CHECK(steps_of(narrow * y * x * wide, half) == 1);
  const Tensor single = apply_planned(y * x * wide, half, context, {});
  CHECK(single.dtype() == DType::c128);
  CHECK(steps_of(y * x * wide, half) == 1);
  CHECK(steps_of(wide * Conj("y x") * narrow, data) == 2);
}

TEST_CASE("R29: nothing is fused across what looks at the data", "[plan]") {
  const Linop y = Diagonal(random("y=3"), "y x"), x = Diagonal(random("x=5", 2), "y x");

  CHECK(uses_of("R29", y * Trace("...") * x, random("y=3 x=5", 3)) == 0);
  CHECK(uses_of("R29", y * Trace("...") * x * Conj("y x"), random("y=3 x=5", 3)) == 1);
}

TEST_CASE("R29: scalars whose product leaves the range stay apart", "[plan]") {
  Context context;
  const Tensor w = random("y=3").as(DType::c64, context);
  const Linop a = Scalar(1e-30) * Diagonal(w, "y x") * Conj("y x") * Scalar(1e-30);
  const Tensor data = binary(Binary::multiply, random("y=3 x=5"), 1e38, context);
  const Tensor x = data.as(DType::c64, context);

  const Tensor made = apply_planned(a, x, context, {});

  const Tensor plain = apply_planned(a, x, context, {.rewrite = false});
  // Some roundings of c64.
  CHECK(norm(binary(Binary::subtract, made, plain, context), context) <=
        1e-6 * norm(plain, context));
  CHECK(norm(made, context) > 1e-23);
}

TEST_CASE("R29: short rows are left to passes over memory", "[plan]") {
  Context context;
  const auto made = [&](const char* dims, const char* shape) {
    const Linop a = Diagonal(randn(Shape::parse("y=64"), DType::c64, 1, context), dims) *
                    Diagonal(randn(Shape::parse("x=128"), DType::c64, 2, context), dims) *
                    Conj(dims);
    const Explained e = explain(a, Shape::parse(shape), DType::c64, context);
    return std::any_of(e.rewritten.begin(), e.rewritten.end(),
                       [](const std::string& line) { return line.starts_with("R29"); });
  };
  CHECK(made("coil y x", "coil=8 y=64 x=128"));
  CHECK_FALSE(made("y x coil", "y=64 x=128 coil=8"));
}

TEST_CASE("explain names R29 and the kernel", "[plan][explain]") {
  Context context;
  const Linop a = Diagonal(random("y=3"), "y x") * Conj("y x");

  const std::string text = explain(a, Shape::parse("y=3 x=5"), DType::c128, context).text();

  CHECK(text.find("R29 Diagonal * Conj -> one kernel") != std::string::npos);
  CHECK(text.find("pointwise") != std::string::npos);
}
