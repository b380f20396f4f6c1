// SPDX-License-Identifier: MIT
#include "runtime/plan/split.hpp"
#include "tests/unit/linop/values.hpp"
#include "tests/unit/plan/rewritten.hpp"

using namespace lunops;
using test::error_of;
using test::random;
using test::rewritten;
using test::steps_of;
using test::tensor;
using test::uses_of;

TEST_CASE("R1, R2: nested chains are one level and identities are dropped", "[plan]") {
  const Linop d = Diagonal(random("n=5"));
  const Linop w = Dense(random("m=3 n=5"), "m n, n -> m");

  CHECK(steps_of((Identity() * w) * (Identity("n") * (w.H() * w)), random("n=5"),
                 {.dense = PlanOptions::Dense::pair}) == 3);
  CHECK(steps_of(Identity() * Identity(), random("n=5")) == 1);
  CHECK(steps_of(d, random("n=5")) == 1);
}

TEST_CASE("R3: a product with Zero is Zero, and a sum does not notice one", "[plan]") {
  LinopOptions o;
  o.extent = {{"m", 2}, {"n", 5}};
  const Linop zero = Zero("n -> m", o);
  const Linop w = Dense(random("m=2 n=5"), "m n, n -> m");
  const Linop d = Diagonal(random("n=5"));

  CHECK(steps_of(w.H() * zero * d, random("n=5")) == 1);
  CHECK(steps_of(w * d + zero, random("n=5")) == steps_of(w * d, random("n=5")));
  CHECK(steps_of(0.0 * w, random("n=5")) == 1);
}

TEST_CASE("R4: adjoints of products and sums are pushed to the leaves", "[plan]") {
  const Linop w = Dense(random("m=3 n=5"), "m n, n -> m");
  const Linop d = Diagonal(random("n=5", 2));

  CHECK(steps_of((w * (d + 2.0 * Identity("n"))).H(), random("m=3"), {.without = {"absorb"}}) == 2);
}

TEST_CASE("R5: scalars cost no step of their own", "[plan]") {
  const Linop w = Dense(random("m=3 n=5"), "m n, n -> m");

  CHECK(steps_of(c128(0, 2) * (w * Scalar({1, 1})), random("n=5")) == 1);
  CHECK(steps_of((c128(0, 2) * w).H(), random("m=3")) == 1);
}

TEST_CASE("R6: neighbouring Diagonals are one, unless it would be larger than both", "[plan]") {
  const Linop a = Diagonal(random("y=3 x=4")), b = Diagonal(random("x=4", 2), "y x");
  const Linop c = Diagonal(random("y=3", 3), "y x");

  CHECK(steps_of(a * b * c, random("y=3 x=4")) == 1);
  CHECK(steps_of((a * b).H(), random("y=3 x=4")) == 1);
  CHECK(steps_of(b * c, random("y=3 x=4"), {.without = {"pointwise"}}) == 2);
}

TEST_CASE("R7: a Diagonal goes past what keeps its dims, to meet another", "[plan]") {
  const Linop w = Dense(random("m=3 n=5"), "m n, n x -> m x");
  const Linop left = Diagonal(random("x=4", 2), "m x"), right = Diagonal(random("n=5 x=4", 3));
  const Linop mixed = Diagonal(random("m=3 x=4", 4)), batch = Diagonal(random("b=2", 5), "b m x");
  const PlanOptions whole{.without = {"absorb"}};

  CHECK(steps_of(left * w * right, random("n=5 x=4"), whole) == 2);
  CHECK(steps_of((left * w * right).H(), random("m=3 x=4"), whole) == 2);
  CHECK(steps_of(mixed * w * right, random("n=5 x=4"), whole) == 3);
  CHECK(steps_of(batch * w * Diagonal(random("b=2 n=5", 6), "b n x"), random("b=2 n=5 x=4"),
                 whole) == 2);
  CHECK(steps_of(left * FFT("n x -> m x") * right, random("n=5 x=4")) == 2);
}

TEST_CASE("R8: a Dense takes in a Diagonal over its dims, on either side", "[plan]") {
  const Linop w = Dense(random("m=3 n=5"), "m n, n x -> m x");
  const Linop d = Diagonal(random("n=5", 2), "n x"), e = Diagonal(random("m=3", 3), "m x");
  const Linop wide = Diagonal(random("n=5 x=4", 4));

  CHECK(steps_of(w * d, random("n=5 x=400")) == 1);
  CHECK(steps_of(e * w * d, random("n=5 x=400")) == 1);
  CHECK(steps_of((e * w * d).H(), random("m=3 x=400")) == 1);
  CHECK(steps_of((e * w * d).T(), random("m=3 x=400")) == 1);
  CHECK(steps_of((e * w.conj() * d), random("n=5 x=400")) == 1);
  CHECK(steps_of(w * wide, random("n=5 x=4")) == 2);  // the weight would grow
  const PlanOptions once{.applications = 1};
  CHECK(steps_of(w * d, random("n=5 x=1"), once) == 2);  // building costs more than it saves
}

TEST_CASE("R9: two Dense are one where that takes fewer products", "[plan]") {
  const Linop a = Dense(random("p=2 m=9"), "p m, m -> p");
  const Linop b = Dense(random("m=9 n=5", 2), "m n, n -> m");
  const Linop c = Dense(random("q=9 p=2", 3), "q p, p -> q");
  const Linop kept = Dense(random("k=3 n=5 m=9", 4), "k n m, k m -> k n");
  const Linop maps = Dense(random("coil=4 k=3", 5), "k -> coil k");
  const PlanOptions often{.applications = 1000};

  CHECK(steps_of(a * b, random("n=5"), often) == 1);
  CHECK(steps_of((a * b).H(), random("p=2"), often) == 1);
  CHECK(steps_of((a * b).T(), random("p=2"), often) == 1);
  CHECK(steps_of(a * b.conj(), random("n=5"), often) == 1);
  CHECK(steps_of(c * a, random("m=9"), often) == 2);  // 9 x 9 in place of 9 x 2 and 2 x 9
  CHECK(steps_of(a * b, random("n=5"), {.applications = 1}) == 2);
  CHECK(steps_of(a * kept.H() * kept, random("k=3 m=9"), {.without = {"dense"}}) == 1);
  CHECK(steps_of(maps.H() * maps, random("b=2 k=3"), {.dense = PlanOptions::Dense::pair}) == 2);
}

TEST_CASE("R12: U.H U is the identity for isometries", "[plan]") {
  const Linop f = FFT("x=6");
  PadOptions o;
  o.to = {{"x", 9}};
  o.extent = {{"x", 6}};
  const Linop p = Pad("x", o);

  CHECK(steps_of(f.H() * f, random("x=6")) == 1);
  CHECK(steps_of((f * p.H() * p).H() * (f * p.H() * p), random("x=6")) == 1);
}

TEST_CASE("R17: the rule of Dense decides between the pair and the fused normal", "[plan]") {
  const Linop tall = Dense(random("m=40 n=5"), "m n, n -> m");
  const Linop wide = Dense(random("m=5 n=40"), "m n, n -> m");
  const Linop maps = Dense(random("coil=3 x=5"), "x -> coil x");
  const Linop middle = Diagonal(random("coil=3 x=5", 2));
  const Linop blocks = Dense(random("b=2 m=6 n=3"), "b m n, b n -> b m");

  CHECK(steps_of(tall.N(), random("n=5")) == 1);
  CHECK(steps_of(wide.N(), random("n=40")) == 2);
  CHECK(steps_of(wide.H().N(), random("m=5")) == 1);
  CHECK(steps_of(maps.N(), random("x=5")) == 1);
  CHECK(steps_of(maps.normal(middle), random("x=5")) == 1);
  CHECK(steps_of(blocks.N(), random("b=2 n=3")) == 1);
  CHECK(steps_of(tall.N().conj(), random("n=5")) == 1);
  CHECK(steps_of(tall.conj().N(), random("n=5")) == 1);
}

TEST_CASE("R11: a Diagonal next to a selection is cut to the smaller array", "[plan]") {
  PadOptions crop, pad;
  crop.to = {{"n", 4}};
  crop.extent = {{"n", 7}};
  pad.to = {{"n", 8}};
  pad.extent = {{"n", 5}};
  const Linop c = Crop("n x", crop), p = Pad("n x", pad);
  const Linop d = Diagonal(random("n=7 x=3")), e = Diagonal(random("n=8 x=3", 2));
  const Linop row = Diagonal(random("n=7", 3), "n x"), column = Diagonal(random("x=3", 4), "n x");
  const Linop small = Diagonal(random("n=4 x=3", 5)), start = Diagonal(random("n=5 x=3", 6));

  CHECK(steps_of(c * d, random("n=7 x=3")) == 1);  // the crop is a view then
  CHECK(steps_of((c * d).H(), random("n=4 x=3")) == steps_of(c.H() * small, random("n=4 x=3")));
  CHECK(steps_of(e * p, random("n=5 x=3")) == steps_of(p * start, random("n=5 x=3")));
  CHECK(steps_of(small * c * row * column, random("n=7 x=3")) == 1);
  CHECK(steps_of(e * p * start, random("n=5 x=3")) == steps_of(p * start, random("n=5 x=3")));
  CHECK(steps_of(small * c * d, random("b=2 n=7 x=3")) == 1);
}

TEST_CASE("R20: the normal of operators above each other is the sum of their normals", "[plan]") {
  const Linop a = Dense(random("m=3 n=5"), "m n, n -> m"),
              b = Dense(random("m=2 n=5", 2), "m n, n -> m");
  const Linop d = Diagonal(random("n=5", 3));
  ConcatOptions o;
  o.odim = "m";
  const Linop stack = Concat({a, b}, o);

  const Linop n = d * stack.H() * stack;
  Context context;

  CHECK(steps_of(n, random("n=5")) > 0);  // compares with the product
  const auto plan = make_plan(n.node(), *random("n=5").layout(), DType::c128, nullptr, context);
  CHECK(plan->rewritten().front().starts_with("R20 "));
}

TEST_CASE("R13: an operator's own form of its normal is taken wherever it stands", "[plan]") {
  FFTOptions o;
  o.norm = "backward";
  o.extent = {{"n", 6}};
  const Linop f = FFT("n -> m", o), d = Diagonal(random("n=6"));
  PadOptions crop;
  crop.to = {{"n", 4}};
  crop.extent = {{"n", 6}};
  const Linop c = Crop("n", crop);

  CHECK(steps_of(d * f.H() * f, random("n=6")) == 1);
  CHECK(steps_of(c.H() * c * d, random("n=6")) == 1);
}

TEST_CASE("R17: a wide pair is fused where the kernel is a small part of memory", "[plan]") {
  const Linop wide = Dense(random("m=20 n=30"), "m n, n -> m");

  CHECK(steps_of(wide.N(), random("n=30"), {.applications = 1000}) == 1);
  CHECK(steps_of(wide.N(), random("n=30"), {.applications = 20}) == 2);
}

TEST_CASE("R17: a Dense may say which form its normal takes, and the plan may say otherwise",
          "[plan]") {
  const auto dense = [](const char* shape, const char* normal) {
    DenseOptions o;
    o.normal = normal;
    return Dense(random(shape), "m n, n -> m", o);
  };
  const Linop pair = dense("m=40 n=5", "pair"), fused = dense("m=5 n=40", "fused");
  const Tensor x = random("n=5"), wide = random("n=40");
  using Choice = PlanOptions::Dense;

  CHECK(steps_of(pair.N(), x) == 2);
  CHECK(steps_of(fused.N(), wide) == 1);
  CHECK(steps_of(pair.N().conj(), x) == 2);
  CHECK(steps_of(fused.H().N(), random("m=5")) == 1);
  CHECK(steps_of(pair.N(), x, {.dense = Choice::fused}) == 1);
  CHECK(steps_of(fused.N(), wide, {.dense = Choice::pair}) == 2);
  CHECK(steps_of(dense("m=40 n=5", "auto").N(), x) == 1);
  // Kept by what makes the operator anew.
  CHECK(steps_of(pair.rename({{"n", "k"}}).N(), random("k=5")) == 2);
  CHECK(steps_of(split(pair, parse_axes("split", "m=20")).at({0})->op.N(), x) == 2);
  CHECK(uses_of("R17", pair.N(), x) == 0);
  CHECK(rewritten(fused.N(), wide)->choices().front().why.starts_with("normal = fused was given"));
  CHECK(error_of([&] { dense("m=2 n=2", "fusd"); }) ==
        "Dense: normal is 'fusd'; it is auto, fused or pair; did you mean 'fused'?");
}

TEST_CASE("R18: what all terms begin or end with is applied once", "[plan]") {
  const Linop w = Dense(random("m=3 n=5"), "m n, n -> m");
  const Linop f = FFT("n -> k"), g = FFT("m -> l");
  const Linop d = Diagonal(random("n=5", 2)), v = Dense(random("m=3 n=5", 3), "m n, n -> m");
  const PlanOptions plain{.without = {"absorb", "product"}};

  CHECK(steps_of(g * w + g * v, random("n=5"), plain) == 3);
  CHECK(steps_of(w * d + 2.0 * (v * d), random("n=5"), plain) == 3);
  CHECK(steps_of((w * d + c128(0, 1) * (v * d)).H(), random("m=3"), plain) == 3);
  const Linop one = Diagonal(random("k=5", 4)), two = Diagonal(random("k=5", 5));
  CHECK(steps_of(f.H() * one * f + 3.0 * (f.H() * two * f), random("n=5")) == 3);
  CHECK(steps_of(f.H() * one * f + f.H() * f, random("n=5")) == 4);
}

TEST_CASE("R22: transforms of different dims are one", "[plan]") {
  const Linop y = FFT("y x -> ky x"), x = FFT("ky x -> ky kx"), z = FFT("z y x -> kz y x");
  FFTOptions o;
  o.norm = "backward";
  const Linop other = FFT("ky x -> ky kx", o);

  CHECK(steps_of(x * y, random("y=6 x=5")) == 1);
  CHECK(steps_of((x * y).H(), random("ky=6 kx=5")) == 1);
  CHECK(steps_of((x * y).T(), random("ky=6 kx=5")) == 1);
  CHECK(steps_of(x * y * z, random("z=3 y=6 x=5")) == 1);
  CHECK(steps_of(z * FFT("y x -> y' x'").conj(), random("z=3 y=6 x=5")) == 2);
  CHECK(steps_of(other * y, random("y=6 x=5")) == 2);
  CHECK(steps_of(FFT("x -> l") * FFT("n -> x"), random("n=6")) == 2);
}

TEST_CASE("R19: equal terms are added up, and Diagonals and multiples of the identity are one",
          "[plan]") {
  const Linop w = Dense(random("n'=5 n=5"), "n' n, n -> n'");
  const Linop d = Diagonal(random("n=5")), e = Diagonal(random("n=5", 2));

  CHECK(steps_of(w + 2.0 * w, random("n=5")) == 1);
  CHECK(steps_of(d + c128(0, 1) * e + 3.0 * Identity(), random("n=5")) == 1);
  CHECK(steps_of(w + d - w, random("n=5")) == 1);
  CHECK(steps_of((d + w + e.H()).H(), random("n=5")) == 2);
}

TEST_CASE("R28: the adjoint of a real Diagonal and of a normal is the operator", "[plan]") {
  Context context;
  const Linop d = Diagonal(rand(Shape::parse("n=5"), DType::f64, 1, context));
  const Linop w = Dense(random("m=3 n=5"), "m n, n -> m");

  CHECK(d.H().node() == d.node());
  CHECK(steps_of(d.T() * d.conj(), random("n=5")) == 1);
  CHECK(steps_of(w.N().T(), random("n=5"), {.dense = PlanOptions::Dense::pair}) == 2);
}
