// SPDX-License-Identifier: MIT
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

SliceOptions range(std::vector<std::pair<std::string, SliceRange>> ranges,
                   std::vector<std::pair<std::string, int64_t>> extents = {}) {
  SliceOptions o;
  o.range = std::move(ranges);
  o.extent = std::move(extents);
  return o;
}

SliceRange at(int64_t index) { return {index, index, 1, true}; }

PadOptions to(int64_t x) {
  PadOptions o;
  o.to = {{"x", x}};
  return o;
}

}  // namespace

TEST_CASE("Slice and Embed: the example of the catalogue", "[linop]") {
  Context context;
  const Linop s = Slice("x", range({{"x", {2, 3}}}, {{"x", 4}}));
  const Linop e = Embed("x", range({{"x", {2, 3}}}, {{"x", 4}}));

  const Tensor y = s(tensor("x=4", {5, 6, 7, 8}), context);

  CHECK(values_of(y) == Values{6, 7});
  CHECK(values_of(e(y, context)) == Values{0, 6, 7, 0});
  CHECK(values_of(s.H()(y, context)) == Values{0, 6, 7, 0});
  CHECK(values_of(s.N()(tensor("x=4", {5, 6, 7, 8}), context)) == Values{0, 6, 7, 0});
  CHECK(s.N().kind() == "Diagonal");
  CHECK(e.N().kind() == "Identity");
}

TEST_CASE("Slice: a number drops its dim, ranges may have steps", "[linop]") {
  Context context;
  const Linop s = Slice("coil x", range({{"coil", at(2)}, {"x", {1, 5, 2}}}));

  const Tensor y = s(tensor("coil=2 x=5", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), context);

  CHECK(s.signature().text() == "coil x -> x'=3");
  CHECK(y.shape().text() == "x=3");
  CHECK(values_of(y) == Values{6, 8, 10});
}

TEST_CASE("Slice: a two-sided string names the results", "[linop]") {
  Context context;
  const Linop s = Slice("y x -> row col", range({{"y", {2, 3}}, {"x", {1, 2}}}));

  const Tensor y = s(tensor("y=3 x=2", {1, 2, 3, 4, 5, 6}), context);

  CHECK(y.shape().text() == "row=2 col=2");
  CHECK(values_of(y) == Values{3, 4, 5, 6});
}

TEST_CASE("Slice and Embed: bad ranges and strings", "[linop]") {
  Context context;
  CHECK(error_of([] {
          Slice("y=40", range({{"y", {10, 50}}}));
        }) == "Slice: range of 'y' is {10, 50}; it lies inside 1…40");
  CHECK(error_of([] {
          Slice("y", range({{"y", {0, 5}}}));
        }) == "Slice: range of 'y' is {0, 5}; it lies inside 1…N");
  CHECK(error_of([] {
          Slice("y", range({{"y", {5, 3}}}));
        }) == "Slice: range of 'y' is {5, 3}: the first element comes after the last");
  CHECK(error_of([] {
          Slice("y", range({{"y", {1, 3, 0}}}));
        }) == "Slice: range of 'y' is {1, 3, 0}: the step is 0; it is at least 1");
  CHECK(error_of([] {
          Slice("y x", range({{"z", {1, 3}}}));
        }) == "Slice: range: no dim 'z' in {y, x}");
  CHECK(error_of([] { Slice("y x", range({})); }) ==
        "Slice: nothing is cut out; give range = {x = {first, last}}");
  CHECK(error_of([] {
          Slice("y x -> y k", range({{"y", {1, 3}}, {"x", {1, 2}}}));
        }) ==
        "Slice: 'y' has a range and stands on both sides of \"y x -> y k\"; write y' for what is "
        "left");
  CHECK(error_of([] {
          Slice("y x -> ky kx", range({{"y", {1, 3}}}));
        }) ==
        "Slice: \"y x -> ky kx\" replaces 'x', but range does not say which elements are left");
  CHECK(error_of([&] {
          Slice("x", range({{"x", {2, 9, 3}}}))(tensor("x=4", {1, 2, 3, 4}), context);
        }) == "apply: Slice: the range of 'x' is {2, 8, 3} but its extent is 4");
  CHECK(error_of([&] {
          Embed("x", range({{"x", {2, 3}}}))(tensor("x=2", {1, 2}), context);
        }) == "Embed: extent of 'x' is unknown; give extent = {x = …}");
}

TEST_CASE("Slice: what is outside is an error, also of arrays without elements", "[linop]") {
  Context context;
  const Linop s = Slice("y x", range({{"x", {2, 5}}}));
  const auto applied = [&](const Linop& a, const std::string& shape) {
    return error_of([&] { a(zeros(Shape::parse(shape), DType::c64, context), context); });
  };
  const std::string text = "apply: Slice: the range of 'x' is {2, 5} but its extent is 3";

  CHECK(applied(s, "y=2 x=3") == text);
  CHECK(applied(s, "y=0 x=3") == text);
  CHECK(applied(Identity() + s.H() * s, "y=0 x=3") == text);
  CHECK(applied(2.0 * s * Identity("y x"), "y=0 x=3") == text);
  CHECK(s(zeros(Shape::parse("y=0 x=5"), DType::c64, context), context).shape().text() ==
        "y=0 x=4");
  CHECK(applied(PadDim("y x", to(2)), "y=0 x=3") ==
        "apply: PadDim of {y=0, x=2} from 'x' = 3 to 2; use Truncate");
}

TEST_CASE("SumReduce and Repeat: the examples of the catalogue", "[linop]") {
  Context context;
  const Linop s = SumReduce("a b -> a");
  const Linop r = Repeat("a -> a b", {.extent = {{"b", 3}}});
  const Tensor x = tensor("a=2 b=3", {0, 1, 2, 3, 4, 5});

  CHECK(values_of(s(x, context)) == Values{3, 12});
  CHECK(values_of(r(tensor("a=2", {1, 2}), context)) == Values{1, 1, 1, 2, 2, 2});
  CHECK(values_of(r.H()(x, context)) == Values{3, 12});
  CHECK(r.N().kind() == "Scalar");
  CHECK(values_of(r.N()(tensor("a=2", {1, 1}), context)) == Values{3, 3});
}

TEST_CASE("SumReduce: D9, the normal has full extents, and adjoints may be taken twice",
          "[linop]") {
  Context context;
  const Linop s = SumReduce("a b -> a");
  const Linop r = Repeat("a -> a b", {.extent = {{"b", 3}}});

  const Tensor y = s.N()(tensor("a=2 b=3", {0, 1, 2, 3, 4, 5}), context);

  CHECK(s.N().signature().text() == "a b -> a b'");
  CHECK(y.shape().text() == "a=2 b=3");
  CHECK(values_of(y) == Values{3, 3, 3, 12, 12, 12});
  CHECK(r.H().H().node() == r.node());
  CHECK(values_of(r.H().H()(tensor("a=1", {7}), context)) == Values{7, 7, 7});
  CHECK(error_of([&] {
          s.H()(tensor("a=2", {1, 2}), context);
        }) == "SumReduce.H: extent of 'b' is unknown; give extent = {b = …}");
}

TEST_CASE("SumReduce and Repeat: bad strings", "[linop]") {
  CHECK(error_of([] { SumReduce("a b -> b a"); }) ==
        "SumReduce: \"a b -> b a\" sums over nothing; leave out a dim after '->', or use Permute "
        "for another order");
  CHECK(error_of([] { SumReduce("a b -> c"); }) ==
        "SumReduce: \"a b -> c\" makes 'c', which the input does not have; use Repeat for a new "
        "dim");
  CHECK(error_of([] { Repeat("a b -> a c"); }) ==
        "Repeat: \"a b -> a c\" loses 'b'; use SumReduce to sum over it");
  CHECK(error_of([] { Repeat("a -> a"); }) ==
        "Repeat: \"a -> a\" has no new dim; name one after '->', or use Permute for another order");
}

TEST_CASE("Rearrange: the example of the catalogue, and back", "[linop]") {
  Context context;
  const Linop r = Rearrange("(a b) c -> a b c", {.extent = {{"a", 2}, {"b", 3}}});

  const Tensor y = r(tensor("a_b=6 c=1", {0, 1, 2, 3, 4, 5}), context);

  CHECK(y.shape().text() == "a=2 b=3 c=1");
  CHECK(values_of(y) == Values{0, 1, 2, 3, 4, 5});
  CHECK(r.H()(y, context).shape().text() == "a_b=6 c=1");
  CHECK(r.N().kind() == "Identity");
}

TEST_CASE("Rearrange: blocks of two, batch dims in front", "[linop]") {
  Context context;
  const Linop r = Rearrange("y=(yo by=2) x -> by yo x");

  const Tensor y = r(tensor("t=1 y=4 x=2", {1, 2, 3, 4, 5, 6, 7, 8}), context);

  CHECK(y.shape().text() == "t=1 by=2 yo=2 x=2");
  CHECK(values_of(y) == Values{1, 2, 5, 6, 3, 4, 7, 8});
}

TEST_CASE("Rearrange: a product that does not fit", "[linop]") {
  Context context;
  const Linop r = Rearrange("y=(yo by=2) x -> by yo x");

  CHECK(error_of([&] { r(zeros(Shape::parse("y=7 x=2"), DType::c64, context), context); }) ==
        "Rearrange: extent of 'y': 7 is not a multiple of 2, the product of the known members");
  CHECK(error_of([] {
          Rearrange("(a b) -> a b", {.extent = {{"c", 2}}});
        }) == "Rearrange: no dim 'c' in \"(a b) -> a b\"");
}

TEST_CASE("PadDim and Truncate: zeros at the end, and cut off again", "[linop]") {
  Context context;
  const Linop t = Truncate("x=5", to(3));

  CHECK(values_of(t(tensor("x=5", {0, 1, 2, 3, 4}), context)) == Values{0, 1, 2});
  CHECK(values_of(t.H()(tensor("x=3", {1, 1, 1}), context)) == Values{1, 1, 1, 0, 0});
  CHECK(values_of(t.N()(tensor("x=5", {1, 1, 1, 1, 1}), context)) == Values{1, 1, 1, 0, 0});
  CHECK(values_of(PadDim("x=2", to(3))(tensor("x=2", {5, 6}), context)) == Values{5, 6, 0});
  CHECK(error_of([] { Truncate("x=3", to(5)); }) ==
        "Truncate: 'x' would go from 3 to 5, which is more; use PadDim");
  CHECK(error_of([] { PadDim("x=3", to(2)); }) ==
        "PadDim: 'x' would go from 3 to 2, which is less; use Truncate");
  CHECK(error_of([&] {
          PadDim("x", to(2))(tensor("x=3", {1, 2, 3}), context);
        }) == "apply: PadDim of {x=2} from 'x' = 3 to 2; use Truncate");
  CHECK(t.label() == "Truncate");
}

TEST_CASE("Truncate: D11, equal extents are the identity, and so is the normal", "[linop]") {
  Context context;
  const Linop t = Truncate("x=5", to(5));

  CHECK(t.N().kind() == "Identity");
  CHECK(values_of(t(tensor("x=5", {0, 1, 2, 3, 4}), context)) == Values{0, 1, 2, 3, 4});
}

TEST_CASE("Repeat: a Diagonal does not write where copies share memory", "[linop]") {
  Context context;
  // The Dense makes a slot, whose view with stride 0 comes to the first Diagonal.
  const Linop a = Diagonal(tensor("b=2", {1, 10}), "b x") * Diagonal(tensor("b=2", {2, 3}), "b x") *
                  Repeat("x -> b=2 x") * Dense(tensor("x=2 n=2", {1, 2, 3, 4}), "x n, n -> x");
  const Tensor x = tensor("n=2", {1, 1});

  CHECK(values_of(apply_planned(a, x, context, {.rewrite = false})) == Values{6, 14, 90, 210});
  CHECK(values_of(a(x, context)) == Values{6, 14, 90, 210});
}
