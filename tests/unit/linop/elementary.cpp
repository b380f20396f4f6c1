// SPDX-License-Identifier: MIT
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

TEST_CASE("Identity: y = x, and .H and .N are the operator itself", "[linop]") {
  Context context;
  const Linop i = Identity("y x");

  const Tensor y = i(tensor("y=1 x=2", {1, 2}), context);

  CHECK(values_of(y) == Values{1, 2});
  CHECK(i.H() == i);
  CHECK(i.N() == i);
}

TEST_CASE("Scalar: the adjoint multiplies by the conjugate, the normal by the squared modulus",
          "[linop]") {
  Context context;
  const Linop s = Scalar({2, 3});
  const Tensor one = tensor("x=1", {1});

  CHECK(values_of(s(one, context)) == Values{{2, 3}});
  CHECK(values_of(s.H()(one, context)) == Values{{2, -3}});
  CHECK(values_of(s.N()(one, context)) == Values{13});
}

TEST_CASE("Diagonal: the adjoint multiplies by the conjugate", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("x=2", {{1, 2}, {0, -1}}), "x");

  const Tensor y = d.H()(tensor("x=2", {1, 2}), context);

  CHECK(values_of(y) == Values{{1, -2}, {0, 2}});
}

TEST_CASE("Diagonal: the normal is the Diagonal of the squared modulus", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("x=2", {{1, 1}, 2}));

  const Linop n = d.N();

  CHECK(n.kind() == "Diagonal");
  CHECK(n.field() == Field::real);
  CHECK(values_of(n(tensor("x=2", {1, 1}), context)) == Values{2, 4});
}

TEST_CASE("Diagonal: dims that the weight lacks are broadcast", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("a=2", {1, 2}), "a b", {.extent = {{"b", 3}}});
  const Linop e = Diagonal(tensor("a=3", {1, 2, 3}), "a b");

  const Tensor y = d(tensor("a=2 b=3", {1, 1, 1, 1, 1, 1}), context);
  const Tensor z = e(tensor("a=3 b=1", {1, 1, 1}), context);

  CHECK(values_of(y) == Values{1, 1, 1, 2, 2, 2});
  CHECK(z.shape().text() == "a=3 b=1");
  CHECK(values_of(z) == Values{1, 2, 3});
}

TEST_CASE("Diagonal: real powers are elementwise", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("x=2", {4, 9}, DType::f32));
  const Tensor one = tensor("x=2", {1, 1}, DType::f32);

  CHECK(values_of(d.power(0.5)(one, context)) == Values{2, 3});
  CHECK(values_of(d.power(-1)(tensor("x=2", {4, 9}, DType::f32), context)) == Values{1, 1});
  CHECK(error_of([] {
          Diagonal(tensor("x=3", {0, 1, 0}, DType::f32)).power(-1);
        }) == "power: Diagonal ^ -1: 2 of 3 weights are 0");
}

TEST_CASE("Dense: the example of the catalogue", "[linop]") {
  Context context;
  const Tensor w = tensor("m=3 n=2", {1, {0, 2}, 3, 4, 5, 6});
  const Linop a = Dense(w, "m n, n -> m");

  CHECK(values_of(a(tensor("n=2", {1, {0, 1}}), context)) == Values{-1, {3, 4}, {5, 6}});
  CHECK(values_of(a.H()(tensor("m=3", {1, 0, {0, 1}}), context)) == Values{{1, 5}, {0, 4}});
  CHECK(a.N().signature().text() == "n=2 -> n'=2");
  CHECK(values_of(a.N()(tensor("n=2", {1, 0}), context)) == Values{35, {42, -2}});
  CHECK(values_of(a.N()(tensor("n=2", {0, 1}), context)) == Values{{42, 2}, 56});
}

TEST_CASE("Dense: without a string the last dim is the input and the one before it the output",
          "[linop]") {
  Context context;
  const Tensor w = tensor("b=2 m=1 n=2", {1, 2, 3, 4});

  const Tensor named = Dense(w)(tensor("b=2 n=2", {1, 1, 1, 1}), context);
  const Tensor unnamed = Dense(w.unname())(tensor("b=2 n=2", {1, 1, 1, 1}).unname(), context);

  CHECK(named.shape().text() == "b=2 m=1");
  CHECK(values_of(named) == Values{3, 7});
  CHECK(values_of(unnamed) == Values{3, 7});
}

TEST_CASE("Dense: coil maps produce the coil dim, and their normal is a Diagonal", "[linop]") {
  Context context;
  const Tensor maps = tensor("coil=2 x=2", {1, 2, {0, 1}, 3});
  const Linop s = Dense(maps, "x -> coil x");

  CHECK(values_of(s(tensor("x=2", {1, 10}), context)) == Values{1, 20, {0, 1}, 30});
  CHECK(values_of(s.H()(tensor("coil=2 x=2", {1, 1, 1, 1}), context)) == Values{{1, -1}, 5});
  CHECK(s.N().signature().text() == "x=2 -> x=2");
  CHECK(values_of(s.N()(tensor("x=2", {1, 1}), context)) == Values{2, 13});
}

TEST_CASE("Dense: kept dims that the weight lacks are broadcast", "[linop]") {
  Context context;
  const Linop a = Dense(tensor("c'=1 c=2", {1, 2}), "c' c, c x -> c' x");

  const Tensor y = a(tensor("c=2 x=2", {1, 2, 3, 4}), context);

  CHECK(y.shape().text() == "c=1 x=2");
  CHECK(values_of(y) == Values{7, 10});
}

TEST_CASE("algebra: sums, differences, scalars and powers", "[linop]") {
  Context context;
  const Linop a = Dense(tensor("n'=2 n=2", {0, 1, 0, 0}), "n' n, n -> n'");
  const Linop d = Diagonal(tensor("n=2", {1, 2}));
  const Tensor x = tensor("n=2", {3, 5});

  CHECK(values_of((a + d)(x, context)) == Values{8, 10});
  CHECK(values_of((a - d)(x, context)) == Values{2, -10});
  CHECK(values_of((c128(0, 1) * a)(x, context)) == Values{{0, 5}, 0});
  CHECK(values_of((a - a)(x, context)) == Values{0, 0});
  CHECK(values_of(a.power(2)(x, context)) == Values{0, 0});
  CHECK(values_of(a.power(0)(x, context)) == Values{3, 5});
  CHECK(values_of((-d)(x, context)) == Values{-3, -10});
}

TEST_CASE("Scalar: a scalar and an exponent are finite; a NaN is shown without a sign", "[linop]") {
  const double nan = -std::numeric_limits<double>::quiet_NaN();

  CHECK(error_of([&] { Scalar(nan, "x"); }) ==
        "Scalar: the scalar is nan+0i; give a finite number");
  CHECK(error_of([&] { Scalar(2.0, "x").power(nan); }) ==
        "power: exponent is nan; give a finite number");
  CHECK(error_of([&] { Scalar(2.0, "x").power(2000); }) ==
        "power: Scalar ^ 2000: the result is too large for a double");
}

TEST_CASE("algebra: an inverse is refused with a way out", "[linop]") {
  const Linop a = Dense(tensor("m=1 n=2", {0, 1}), "m n, n -> m");

  CHECK(error_of([&] { a.power(-1); }) ==
        "power: Dense ^ -1: an operator has no inverse to apply; solve instead, with "
        "lo.cg(A.N, A.H(y))");
  CHECK(error_of([&] { a.power(2); }) ==
        "power: Dense ^ 2: input {n} and output {m} differ; a power needs equal sides");
}

TEST_CASE("handles: .H.H is the operator, .H of a normal is the normal", "[linop]") {
  const Linop a = Dense(tensor("m=1 n=2", {0, 1}), "m n, n -> m");

  CHECK(a.H().H().node() == a.node());
  CHECK(a.T().T().node() == a.node());
  CHECK(a.T() == a.H().conj());
  CHECK(a.N().node() == a.N().node());
  CHECK(a.N().H().node() == a.N().node());
  CHECK(a.H().label() == "Dense.H");
}

TEST_CASE("Scalar: normals and products of large and small ones lose no range", "[linop]") {
  Context context;
  const auto check = [&](const Linop& a, c128 x, c128 expected, DType dtype) {
    INFO(a.text() << " of " << x.real() << " in " << name_of(dtype));
    const c128 got = values_of(a(tensor("x=1", {x}, dtype), context)).front();
    CHECK(std::abs(got - expected) <= 1e-6 * std::abs(expected));
  };
  const Linop id = Identity("x");
  const Linop d = Diagonal(tensor("x=1", {1}, DType::c128), "x");

  for (const DType dtype : {DType::f64, DType::c128}) {
    check(Scalar(1e200).N(), 1e-200, 1e200, dtype);
    check(Scalar(1e-200).N(), 1e200, 1e-200, dtype);
    check((1e200 * id).N(), 1e-200, 1e200, dtype);
    check(1e200 * (1e200 * id + 2e200 * id), 1e-200, 3e200, dtype);
  }
  check((c128(0, 1e200) * d).N(), 1e-200, 1e200, DType::c128);
  for (const DType dtype : {DType::f32, DType::c64}) {
    check(Scalar(1e30).N(), 1e-30, 1e30, dtype);
    check(Scalar(1e-30).N(), 1e30, 1e-30, dtype);
    check((1e30 * id).N(), 1e-30, 1e30, dtype);
  }
  CHECK(Scalar({3, 4}).N().kind() == "Scalar");
}

TEST_CASE("apply: y <- alpha A x + beta y, and NaN in y does not matter where beta is 0",
          "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("n=2", {1, 2}));
  const Tensor x = tensor("n=2", {3, 5});
  const Tensor y = tensor("n=2", {1, 1});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor z = tensor("n=2", {nan, nan});

  d.apply(x, y, {2.0, 10.0}, context);
  d.apply(x, z, {1.0, 0.0}, context);

  CHECK(values_of(y) == Values{16, 30});
  CHECK(values_of(z) == Values{3, 10});
}

TEST_CASE("apply: alpha = 0 does not evaluate the operator", "[linop]") {
  Context context;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Linop d = Diagonal(tensor("n=1", {nan}));
  const Tensor y = tensor("n=1", {7});

  d.apply(tensor("n=1", {1}), y, {0.0, 2.0}, context);

  CHECK(values_of(y) == Values{14});
}

TEST_CASE("apply: errors of dtype, shape and out name both sides", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("n=2", {1, {0, 1}}), {}, {.name = "phase"});
  const Tensor x = tensor("n=2", {3, 5});

  CHECK(error_of([&] {
          d(tensor("n=2", {1, 1}, DType::f32), context);
        }) == "apply: Diagonal 'phase' is complex but x is f32; use x:as \"c64\"");
  CHECK(error_of([&] {
          d(tensor("n=2", {1, 1}, DType::c128), context);
        }) == "apply: x is c128 but Diagonal 'phase' is c64; use x:as \"c64\"");
  CHECK(error_of([&] {
          d(tensor("m=2", {1, 1}), context);
        }) == "apply: Diagonal 'phase' needs {n} but was given {m=2}: 'n' is missing");
  CHECK(error_of([&] {
          d.apply(x, tensor("n=3", {1, 1, 1}), {}, context);
        }) == "apply: out is {n=3} but the result is {n=2}");
  CHECK(error_of([&] { d.apply(x, x, {}, context); }) ==
        "apply: out overlaps x; give an out of its own memory, or x:clone()");
  CHECK(values_of(d(x, context)) == Values{3, {0, 5}});
}

TEST_CASE("apply: a write to a weight makes the next use an error", "[linop]") {
  Context context;
  const Tensor w = tensor("coil=1 x=2", {1, 2});
  const Linop s = Dense(w, "x -> coil x", {.name = "maps"});
  const Linop n = s.N();
  const Tensor x = tensor("x=2", {1, 1});
  n(x, context);

  fill(w, 3.0, context);

  const std::string text =
      "apply: weight of Dense 'maps' was written after construction; build a new operator";
  CHECK(error_of([&] { s(x, context); }) == text);
  CHECK(error_of([&] { n(x, context); }) == text);
}

TEST_CASE("names: batch dims are seen by name and lead", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("y=1 x=2", {1, 2}));

  const Tensor y = d(tensor("coil=2 y=1 x=2", {1, 1, 5, 5}), context);

  CHECK(y.shape().text() == "coil=2 y=1 x=2");
  CHECK(values_of(y) == Values{1, 2, 5, 10});
  CHECK(error_of([&] {
          d.closed()(tensor("coil=1 y=1 x=2", {1, 1}), context);
        }).starts_with("apply: Diagonal needs {y, x} but was given {coil=1, y=1, x=2}"));
}

TEST_CASE("names: a renamed operator shows other names over the same weights", "[linop]") {
  Context context;
  const Linop a = Dense(tensor("m=1 n=2", {1, 10}), "m n, n -> m");
  const Linop swapped = a.rename({{"m", "n"}, {"n", "m"}});

  const Tensor y = swapped(tensor("m=2", {1, 2}), context);
  // 'm' is a batch dim here, though the core below uses that name itself.
  const Linop b = a.rename({{"m", "p"}});
  const Tensor z = b(tensor("m=2 n=2", {1, 0, 0, 1}), context);

  CHECK(y.shape().text() == "n=1");
  CHECK(values_of(y) == Values{21});
  CHECK(z.shape().text() == "m=2 p=1");
  CHECK(values_of(z) == Values{1, 10});
  CHECK(a.signature().text() == "n=2 -> m=1");
}

TEST_CASE("names: a product of a Dense with wildcards, and its normal", "[linop]") {
  Context context;
  const Linop w = Dense(tensor("m=1 n=2", {1, 10}).unname(), "(2) (1), (1) -> (2)");
  const Linop d = Diagonal(tensor("n=2", {1, 2}), "n");
  const Linop a = w * d;

  CHECK(values_of(a.N()(tensor("n=2", {1, 0}), context)) == Values{1, 20});
  CHECK(a.N().signature().text() == "n=2 -> n'=2");
}

TEST_CASE("chains: (F S).H equals S.H F.H", "[linop]") {
  const Linop s = Dense(tensor("m=1 n=2", {1, 10}), "m n, n -> m");
  const Linop f = Dense(tensor("k=2 m=1", {1, 2}), "k m, m -> k");

  CHECK((f * s).H() == s.H() * f.H());
  CHECK_FALSE((f * s) == (f * s) * Identity());
}

TEST_CASE("chains: errors name both operators", "[linop]") {
  const Linop s = Dense(tensor("coil=2 x=2", {1, 1, 1, 1}), "x -> coil x");

  CHECK(error_of([&] { s* s; }) ==
        "compose: two dims named 'coil' on the output of Dense; rename one of them");
  CHECK(error_of([&] { Chain({}); }) ==
        "Chain: no factors; give at least one operator, or use lo.Identity");
}

TEST_CASE("dense: the matrix of an operator, dims (out, in')", "[linop]") {
  Context context;
  const Linop a = Dense(tensor("n'=2 n=2", {1, 2, 3, 4}), "n' n, n -> n'");
  const Linop s = Dense(tensor("coil=1 x=2", {1, 2}), "x -> coil x");

  const Tensor matrix = a.dense(DType::c64, context);
  const Tensor maps = s.dense(DType::c64, context);

  CHECK(matrix.shape().text() == "n=2 n'=2");
  CHECK(values_of(matrix) == Values{1, 2, 3, 4});
  CHECK(maps.shape().text() == "coil=1 x=2 x'=2");
  CHECK(values_of(maps) == Values{1, 0, 0, 2});
}

TEST_CASE("print: a chain is a tree of named shapes", "[linop]") {
  const Linop s = Dense(tensor("coil=2 x=2", {1, 1, 1, {0, 1}}), "x -> coil x", {.name = "maps"});
  const Linop a = Diagonal(tensor("x=2", {1, 2}, DType::f32)) * s;

  CHECK(a.tree() ==
        "Chain c64 cpu  {x=2} -> {coil=2, x=2}\n"
        "├─ Diagonal      {x} -> {x}, over coil  weight 8 bytes\n"
        "└─ Dense 'maps'  {x} -> {coil, x}       weight 32 bytes");
  CHECK(s.text() == "Dense 'maps' {x=2} -> {coil=2, x=2}");
}

TEST_CASE("Zero: zeros in the output's own shape", "[linop]") {
  Context context;
  const Linop z = Zero("n -> m k", {.extent = {{"m", 2}, {"k", 3}, {"n", 3}}});

  const Tensor y = z(tensor("n=3", {1, 1, 1}), context);

  CHECK(y.shape().text() == "m=2 k=3");
  CHECK(values_of(y) == Values(6, 0));
  CHECK(values_of(z.H()(y, context)) == Values(3, 0));
  CHECK(z.N().signature().text() == "n=3 -> n'=3");
  CHECK(error_of([&] { Zero("n -> m")(tensor("n=1", {1}), context); }) ==
        "Zero: extent of 'm' is unknown; give extent = {m = …}");
}
