// SPDX-License-Identifier: MIT
#include <limits>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

Linop flip(std::string_view text, std::vector<std::string> dims) {
  FlipOptions o;
  o.dims = std::move(dims);
  return Flip(text, o);
}

Linop roll(std::string_view text, std::vector<std::pair<std::string, int64_t>> shift) {
  RollOptions o;
  o.shift = std::move(shift);
  return Roll(text, o);
}

size_t steps_of(const Linop& a, const Tensor& x, Context& context) {
  return make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context, {})->steps().size();
}

}  // namespace

TEST_CASE("Rename: the same values under another name", "[linop]") {
  Context context;
  const Linop r = Rename("n -> m");
  const Tensor x = tensor("n=2", {3, 5});

  CHECK(r(x, context).shape().text() == "m=2");
  CHECK(values_of(r(x, context)) == Values{3, 5});
  CHECK(r.H()(r(x, context), context).shape().text() == "n=2");
  CHECK(r.N().kind() == "Identity");
  CHECK(r.N().signature().text() == "n -> n");
}

TEST_CASE("Rename: a swap exchanges names and moves nothing", "[linop]") {
  Context context;
  const Linop r = Rename("y x -> x y");

  const Tensor y = r(tensor("y=2 x=3", {1, 2, 3, 4, 5, 6}), context);

  CHECK(r.signature().text() == "y x -> x' y'");
  CHECK(y.shape().text() == "x=2 y=3");
  CHECK(values_of(y) == Values{1, 2, 3, 4, 5, 6});
}

TEST_CASE("Rename: the normal with an inner operator is that operator, renamed", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("m=2", {2, 3}));

  const Linop n = Rename("n -> m").normal(d);

  CHECK(n.kind() == "Diagonal");
  CHECK(n.signature().text() == "n=2 -> n=2");
  CHECK(values_of(n(tensor("n=2", {1, 1}), context)) == Values{2, 3});
}

TEST_CASE("Rename: bad strings", "[linop]") {
  CHECK(error_of([] { Rename("y x -> k"); }) ==
        "Rename: \"y x -> k\" has 2 dims before '->' and 1 after; names are exchanged one for one, "
        "by position");
  CHECK(error_of([] { Rename("y x"); }) ==
        "Rename: \"y x\" has one side; write the new names after '->'");
  CHECK(error_of([] { Rename("... x -> k ..."); }) ==
        "Rename: \"... x -> k ...\" moves '...'; data are not moved, so write it at the same "
        "position");
  CHECK(error_of([] { Rename("x=3 -> y=4"); }) ==
        "Rename: extent of 'x' is 3 but of 'y' 4; they are one dim under two names");
}

TEST_CASE("Permute: the example of the catalogue, and back", "[linop]") {
  Context context;
  const Linop p = Permute("a b -> b a");

  const Tensor y = p(tensor("a=2 b=3", {1, 2, 3, 4, 5, 6}), context);

  CHECK(y.shape().text() == "b=3 a=2");
  CHECK(values_of(y) == Values{1, 4, 2, 5, 3, 6});
  CHECK(values_of(p.H()(y, context)) == Values{1, 2, 3, 4, 5, 6});
  CHECK(p.N().kind() == "Identity");
}

TEST_CASE("Permute: \"...\" may move", "[linop]") {
  Context context;
  const Linop p = Permute("... y x -> x ... y");

  CHECK(p(zeros(Shape::parse("t=4 y=2 x=3"), DType::c64, context), context).shape().text() ==
        "x=3 t=4 y=2");
}

TEST_CASE("Permute: bad strings point to the operator that is meant", "[linop]") {
  CHECK(error_of([] { Permute("a b -> b"); }) ==
        "Permute: \"a b -> b\" loses 'a'; use SumReduce to sum over it, Rename for another name, "
        "Rearrange to merge it");
  CHECK(error_of([] { Permute("a -> a b"); }) ==
        "Permute: \"a -> a b\" makes 'b', which the input does not have; use Repeat for a new dim, "
        "Rename for another name, Rearrange to split one");
}

TEST_CASE("Flip: the example of the catalogue; it is its own adjoint", "[linop]") {
  Context context;
  const Linop f = flip("x", {"x"});
  const Tensor x = tensor("x=3", {1, 2, 3});

  CHECK(values_of(f(x, context)) == Values{3, 2, 1});
  CHECK(f.signature().text() == "x -> x'");
  CHECK(f.H().node() == f.node());
  CHECK(values_of(flip("y x", {"y", "x"})(tensor("y=2 x=2", {1, 2, 3, 4}), context)) ==
        Values{4, 3, 2, 1});
}

TEST_CASE("Flip: bad options", "[linop]") {
  CHECK(error_of([] { flip("y x", {"z"}); }) == "Flip: dims: no dim 'z' in \"y x -> y x\"");
  CHECK(error_of([] { flip("y x", {}); }) ==
        "Flip: nothing is flipped; give dims = \"x\", or a string \"x -> x'\"");
  CHECK(error_of([] { flip("y x -> y rx", {"y"}); }) ==
        "Flip: dims: 'y' stands on both sides of \"y x -> y rx\" and is kept; give its result a "
        "name of its own, such as y'");
  CHECK(error_of([] { flip("y x -> ry rx", {"x"}); }) ==
        "Flip: \"y x -> ry rx\" gives 'y' another name, but dims does not list it; add it, or use "
        "Rename");
}

TEST_CASE("Roll: the example of the catalogue; any shift is taken modulo the extent", "[linop]") {
  Context context;
  const Tensor x = tensor("x=4", {1, 2, 3, 4});

  CHECK(values_of(roll("x", {{"x", 1}})(x, context)) == Values{4, 1, 2, 3});
  CHECK(values_of(roll("x", {{"x", 1}}).H()(x, context)) == Values{2, 3, 4, 1});
  CHECK(values_of(roll("x", {{"x", -5}})(x, context)) == Values{2, 3, 4, 1});
  CHECK(values_of(roll("x", {{"x", std::numeric_limits<int64_t>::min()}})(x, context)) ==
        Values{1, 2, 3, 4});
}

TEST_CASE("Roll: bad options", "[linop]") {
  CHECK(error_of([] {
          roll("y x", {{"xx", 1}});
        }) == "Roll: shift: no dim 'xx' in \"y x -> y x\"; did you mean 'x'?");
  CHECK(error_of([] { roll("y x", {}); }) == "Roll: nothing is rolled; give shift = {x = 3}");
}

TEST_CASE("moving operators: chains of views are one step, whatever follows", "[linop]") {
  Context context;
  const Linop moved = Permute("b a -> a b") * flip("b a", {"a"}) * Permute("a b -> b a");
  const Tensor x = tensor("a=4 b=3", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Linop w = Dense(tensor("m=2 a=4", {1, 2, 3, 4, 5, 6, 7, 8}), "m a, a b -> m b");
  const Tensor flipped = moved(x, context);

  CHECK(steps_of(moved, x, context) == 1);
  CHECK(steps_of(w * moved, x, context) == 1);
  CHECK(values_of((w * moved)(x, context)) == values_of(w(flipped, context)));
}

TEST_CASE("moving operators: transforms read flipped, permuted, repeated and rolled data",
          "[linop]") {
  Context context;
  const Tensor x = randn(Shape::parse("c=2 y=6 x=5"), DType::c64, 1, context);
  const Tensor traj = rand(Shape::parse("s=20 d=2"), DType::f32, 2, context);
  NUFFTOptions o;
  o.extent = {{"y", 6}, {"x", 5}};
  const std::vector<Linop> transforms{FFT("y x -> ky kx"), NUFFT(traj, "y x -> s", o)};
  const std::vector<Linop> moves{flip("y x", {"x", "y"}), flip("c y x", {"c"}),
                                 Repeat("y x -> r=3 y x"), roll("y x", {{"x", 2}}),
                                 Permute("c y x -> y x c").H() * Permute("c y x -> y x c")};
  for (const Linop& f : transforms) {
    for (const Linop& m : moves) {
      INFO(f.text() << " after " << m.text());
      const Tensor apart = f(m(x, context), context), together = (f * m)(x, context);
      const Tensor back = (m.H() * f.H())(apart, context),
                   step = m.H()(f.H()(apart, context), context);
      CHECK(norm(binary(Binary::subtract, apart, together, context), context) <=
            1e-6 * norm(apart, context));
      CHECK(norm(binary(Binary::subtract, back, step, context), context) <=
            1e-6 * norm(step, context));
    }
  }
}
