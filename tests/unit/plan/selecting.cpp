// SPDX-License-Identifier: MIT
// R11 on Slice, Embed and Sampling.
#include "tests/unit/linop/values.hpp"
#include "tests/unit/plan/rewritten.hpp"

using namespace lunops;
using test::random;
using test::steps_of;
using test::tensor;
using test::uses_of;

TEST_CASE("R11: a Slice acts before a Diagonal, and an Embed after it", "[plan]") {
  SliceOptions range, single;
  range.range = {{"n", {2, 6, 2}}};
  single.range = {{"n", {3, 3, 1, true}}, {"x", {1, 2}}};
  range.extent = single.extent = {{"n", 7}, {"x", 3}};
  const Linop s = Slice("n x -> n' x", range), one = Slice("n x -> k", single);
  const Linop d = Diagonal(random("n=7 x=3")), row = Diagonal(random("n=7", 2), "n x");
  const Linop column = Diagonal(random("x=3", 3), "n x");
  const Linop batch = Diagonal(random("b=2 n=7 x=3", 4));
  const Tensor x = random("n=7 x=3");

  CHECK(uses_of("R11", s * d, x) == 1);
  CHECK(uses_of("R11", s * d.conj(), x) == 1);
  CHECK(steps_of(s * d, x) == 1);  // the Slice is a view then
  CHECK(uses_of("R11", (s * d).H(), random("n=3 x=3")) == 1);
  CHECK(uses_of("R11", s * column, x) == 1);
  CHECK(uses_of("R11", s * row, random("b=2 n=7 x=3")) == 1);
  CHECK(uses_of("R11", s * batch, random("b=2 n=7 x=3")) == 1);
  CHECK(uses_of("R11", one * d, x) == 1);
  CHECK(uses_of("R11", (one * d).H(), random("k=2")) == 1);
  CHECK(uses_of("R11", one * row, x) == 0);  // one number of the weight
  CHECK(uses_of("R11", Diagonal(random("n=3", 5), "n x") * s, x) == 0);
  CHECK(uses_of("R11", s * d, x, {.without = {"select"}}) == 0);
}

TEST_CASE("R11: a Sampling acts before a Diagonal where the samples are fewer", "[plan]") {
  Context context;
  const Tensor few = tensor("shot=2 d=2", {1, 2, 3, 0}, DType::f64).as(DType::i64, context);
  const Tensor many =
      tensor("shot=20 d=1", std::vector<c128>(20, 2.0), DType::f64).as(DType::i64, context);
  const Linop s = Sampling(few, "y x -> shot");
  const Linop d = Diagonal(random("y=4 x=3")), row = Diagonal(random("x=3", 2), "y x");
  const Linop coils = Diagonal(random("coil=3 y=4 x=3", 3)),
              turned = Diagonal(random("x=3 y=4", 4), "y x");
  const Tensor own = tensor("frame=2 shot=2 d=1", {0, 2, 1, 1}, DType::f64).as(DType::i64, context);
  const Linop f = Sampling(own, "frame x=3 -> frame shot");
  const Tensor x = random("y=4 x=3"), frames = random("frame=2 x=3");

  CHECK(uses_of("R11", f * Diagonal(random("frame=2 x=3", 5)), frames) == 1);
  CHECK(uses_of("R11", f * Diagonal(random("x=3", 6), "frame x"), frames) == 0);
  CHECK(uses_of("R11", s * d, x) == 1);
  CHECK(uses_of("R11", s * turned.H(), x) == 1);
  CHECK(uses_of("R11", (s * d).H(), random("shot=2")) == 1);
  CHECK(uses_of("R11", s * coils, random("coil=3 y=4 x=3")) == 1);
  CHECK(uses_of("R11", s * row, x) == 0);  // the weight would grow
  CHECK(uses_of("R11", Sampling(many, "y -> shot") * Diagonal(random("y=4")), random("y=4")) == 0);
}
