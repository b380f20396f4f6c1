// SPDX-License-Identifier: MIT
#include "runtime/plan/batch.hpp"

#include <catch2/catch.hpp>

#include "runtime/linop/container/chain.hpp"
#include "runtime/linop/elementary/diagonal.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;

namespace {

Tensor random(const char* shape, uint64_t seed = 1) {
  Context context;
  return randn(Shape::parse(shape), DType::c64, seed, context);
}

std::vector<std::string> weights(const Tiles& tiles) {
  std::vector<std::string> extents;
  for (const SplitTile& t : tiles.tiles) {
    std::string text;
    for (const char* dim : {"b", "m", "n"}) text += fmt::format("{} ", t.op.extent(dim));
    extents.push_back(text);
  }
  return extents;
}

NamedStretch stretch(const char* dim, int64_t first, int64_t count) {
  return {Dim::parse(dim), {first, count}};
}

Linop pad(const char* text, const char* dim, int64_t to) {
  PadOptions o;
  o.to = {{dim, to}};
  return Pad(text, o);
}

using Stretches = std::vector<NamedStretch>;

}  // namespace

TEST_CASE("split: the Dense of the specification", "[split]") {
  const Linop a = Dense(random("b=2 m=3 n=7"), "b m n, b n -> b m");

  const Tiles tiles = split(a, parse_axes("split", "n=3 m=2"));

  CHECK(tiles.grid == std::vector<int64_t>{3, 2});
  CHECK(weights(tiles) ==
        std::vector<std::string>{"2 2 3 ", "2 1 3 ", "2 2 3 ", "2 1 3 ", "2 2 1 ", "2 1 1 "});
  CHECK(tiles.at({0, 0})->input == Stretches{stretch("n", 0, 3)});
  CHECK(tiles.at({0, 0})->output == Stretches{stretch("m", 0, 2)});
  CHECK(tiles.at({2, 1})->input == Stretches{stretch("n", 6, 1)});
  CHECK(tiles.at({3, 0}) == nullptr);
}

TEST_CASE("split: a tile is the sub-matrix and views the weight", "[split]") {
  Context context;
  const Tensor w = tensor("m=2 n=3", {1, 2, 3, 4, 5, 6});
  const Linop a = Dense(w, "n -> m");

  const Tiles tiles = split(a, parse_axes("split", "n=2 m=1"));
  const Linop& corner = tiles.at({0, 1})->op;

  CHECK(values_of(corner(tensor("n=2", {1, 10}), context)) == std::vector<c128>{54});
  CHECK(corner.core()->weights().front()->tensor().storage() == w.storage());
}

TEST_CASE("split: sizes that do not divide, lists, sizes beyond the extent", "[split]") {
  const Linop a = Diagonal(random("coil=8"));
  const auto counts = [&](const SplitAxis& axis) {
    std::vector<int64_t> n;
    for (const SplitTile& t : split(a, {axis}).tiles) n.push_back(t.op.extent("coil"));
    return n;
  };
  const Dim coil = Dim::parse("coil");

  CHECK(counts({coil, 3}) == std::vector<int64_t>{3, 3, 2});
  CHECK(counts({coil, 0, {5, 3}}) == std::vector<int64_t>{5, 3});
  CHECK(counts({coil, 100}) == std::vector<int64_t>{8});
}

TEST_CASE("split: an adjoint and a normal by inner and primed dims", "[split]") {
  Context context;
  const Linop a = Dense(tensor("m=2 n=2", {1, 2, 3, 4}), "n -> m");

  const Tiles adjoint = split(a.H(), parse_axes("split", "m=1"));
  const Tiles sum = split(a.N(), parse_axes("split", "m=1"));
  const Tiles rows = split(a.N(), parse_axes("split", "n'=1"));

  CHECK(adjoint.at({1})->op.signature().text() == "m=1 -> n=2");
  CHECK(values_of(adjoint.at({1})->op(tensor("m=1", {1}), context)) == std::vector<c128>{3, 4});
  // [1 2]ᴴ[1 2] and [3 4]ᴴ[3 4] on the first unit vector.
  const Tensor unit = tensor("n=2", {1, 0});
  CHECK(values_of(sum.at({0})->op(unit, context)) == std::vector<c128>{1, 2});
  CHECK(values_of(sum.at({1})->op(unit, context)) == std::vector<c128>{9, 12});
  // Row 2 of [[10 14][14 20]].
  CHECK(rows.at({1})->output == Stretches{stretch("n'", 1, 1)});
  CHECK(values_of(rows.at({1})->op(tensor("n=2", {1, 1}), context)) == std::vector<c128>{34});
}

TEST_CASE("split: only the factors with the dim are cut", "[split]") {
  // D*G*D, G from k to k': the factor on the cut side is cut, the other one stays whole.
  const Linop d = Diagonal(random("k=4"));
  const Linop g = Dense(random("k'=4 k=4", 2), "k -> k'");
  const auto extents = [](const SplitTile& t) {
    std::vector<int64_t> n;
    for (const Linop& child : t.op.children()) n.push_back(child.signature().input()[0].extent);
    return n;
  };

  const Tiles columns = split(d * g * d, parse_axes("split", "k=2"));
  const Tiles rows = split(d * g * d, parse_axes("split", "k'=2"));

  CHECK(extents(columns.tiles.front()) == std::vector<int64_t>{4, 2, 2});
  CHECK(extents(rows.tiles.front()) == std::vector<int64_t>{2, 4, 4});
}

TEST_CASE("split: Pad narrows the other side, and what it narrows reaches its neighbours",
          "[split]") {
  const Linop p = pad("x=3", "x", 6);  // x lies at 2 to 4 of x'
  const Linop d = Diagonal(random("x=3"));

  const Tiles by_output = split(p * d, parse_axes("split", "x'=2"));
  const Tiles by_input = split(p, parse_axes("split", "x=2"));

  // The first two elements are padding: that tile is zero and left out.
  REQUIRE(by_output.tiles.size() == 2);
  CHECK(by_output.at({0}) == nullptr);
  CHECK(by_output.at({1})->output == Stretches{stretch("x'", 2, 2)});
  CHECK(by_output.at({1})->input == Stretches{stretch("x", 0, 2)});
  CHECK(by_output.at({1})->op.children().back().extent("x") == 2);
  CHECK(by_output.at({2})->output == Stretches{stretch("x'", 4, 1)});
  CHECK(by_input.at({1})->output == Stretches{stretch("x'", 4, 1)});
}

TEST_CASE("split: a factor that refuses what a neighbour narrowed stays whole", "[split]") {
  Context context;
  const Linop a = FFT("x -> k") * pad("x=3", "x", 6);
  const Tensor x = random("x=3");
  Tensor sum = zeros(Shape::parse("k=6"), DType::c64, context);

  const Tiles tiles = split(a, parse_axes("split", "x=2"));
  for (const SplitTile& t : tiles.tiles) {
    const Stretch& s = t.input.front().second;
    t.op.apply(x.slice(0, s.first, s.count), sum, {1.0, 1.0}, context);
  }

  // An embedding stands between what Pad yields and what FFT takes.
  CHECK(tiles.tiles.front().op.children().size() > a.children().size());
  axpby(-1.0, a(x, context), 1.0, sum, context);
  CHECK(norm(sum, context) < 1e-5);  // a few roundings of numbers below 5
}

TEST_CASE("split: a regularised normal has its identity once", "[split]") {
  Context context;
  const Linop s = Dense(random("coil=4 y=3"), "y -> coil y");
  const Linop w = Dense(random("coil=4 n=3"), "n -> coil");

  const Tiles by_coil = split(w.N() + 0.1 * Identity(), parse_axes("split", "coil=2"));
  const Tiles by_both = split(w.N() + 0.1 * Identity(), parse_axes("split", "n=2 n'=2"));

  CHECK(by_coil.tiles[0].op.children().size() == 2);
  CHECK(by_coil.tiles[1].op.children().size() != 2);
  CHECK(by_both.at({0, 0})->op.children().size() == 2);
  CHECK(by_both.at({0, 1})->op.kind() == "Chain");
  CHECK(split(s.N() + 0.1 * Identity(), parse_axes("split", "y=2")).tiles.size() == 2);
}

TEST_CASE("split: an inner dim of two extents in a sum is an error", "[split]") {
  const Linop a = Dense(random("m=4 n=3"), "n -> m"), b = Dense(random("m=5 n=3"), "n -> m");

  CHECK(error_of([&] { split(a.N() + b.N(), parse_axes("split", "m=2")); }) ==
        "split: inner dim 'm' has extent 4 in one part of Add but 5 in Normal; rename one of them");
}

TEST_CASE("split: a dim that an operator takes as batch needs its extent", "[split]") {
  const Linop f = FFT("y x -> ky kx");

  const Tiles tiles = split(f, parse_axes("split", "frame=4"), {{"frame", 10}});

  REQUIRE(tiles.tiles.size() == 3);
  CHECK(tiles.tiles[2].input == Stretches{stretch("frame", 8, 2)});
  CHECK(tiles.tiles[2].output == Stretches{stretch("frame", 8, 2)});
  CHECK(tiles.tiles[2].op == f);
  CHECK(error_of([&] { split(f, parse_axes("split", "frame=4")); }) ==
        "split: extent of 'frame' is unknown; give extent = {frame = …}");
  CHECK(error_of([&] {
          split(f.closed(), parse_axes("split", "frame=4"), {{"frame", 10}});
        }) == "split: no dim 'frame' in FFT (y x -> ky kx)");
}

TEST_CASE("split: what cannot be cut says so, and the operator still works", "[split]") {
  Context context;
  const Linop s = Dense(random("coil=2 y=4"), "y -> coil y");
  const Linop a = FFT("y=4 -> ky=4") * s;
  const auto error = [&](const char* sizes) {
    return error_of([&] { split(a, parse_axes("split", sizes)); });
  };

  CHECK(
      error("ky=2") ==
      "split: FFT {y=4 -> ky=4} cannot be cut along its output dim 'ky'; it can be cut along batch "
      "dims");
  CHECK(error("coils=2") == "split: no dim 'coils' in Chain (y -> coil ky); did you mean 'coil'?");
  CHECK(error("coil=0") == "split: size of 'coil' is 0; a size is at least 1");
  CHECK(error("coil") == "split: \"coil\" gives no size for 'coil'; write \"coil=4\"");
  CHECK(error_of([&] {
          split(a, {{Dim::parse("coil"), 0, {1, 2}}});
        }) == "split: sizes of 'coil' add up to 3 but its extent is 2");
  CHECK(a(random("y=4"), context).shape().text() == "coil=2 ky=4");
}

TEST_CASE("batch: the operator itself, in every mode, from tiles that share its weights",
          "[split]") {
  Context context;
  const Linop a = Dense(random("m=5 n=7"), "n -> m");
  const Linop b = batch(a, parse_axes("batch", "m=2 n=3"));
  const Tensor x = random("n=7", 2), y = random("m=5", 3);
  const auto is_near = [&](const Tensor& p, const Tensor& q) {
    const Tensor d = p.clone(context);
    axpby(-1.0, q, 1.0, d, context);
    return norm(d, context) <= 1e-5 * norm(q, context);  // sums of 7 terms in c64
  };

  CHECK(b.children().size() == 9);
  CHECK(b.signature() == a.signature());
  CHECK(is_near(b(x, context), a(x, context)));
  CHECK(is_near(b.H()(y, context), a.H()(y, context)));
  CHECK(is_near(b.N()(x, context), a.N()(x, context)));
  CHECK(is_near(b.N().N()(x, context), a.N().N()(x, context)));
  CHECK(b.H().H() == b);
  CHECK(b.N().H() == b.N());
  CHECK(b == batch(a, parse_axes("batch", "m=2 n=3")));
}

TEST_CASE("batch: a normal is made of the tiles' normals where none overlap, else of two passes",
          "[split]") {
  Context context;
  const Linop a = Dense(random("m=6 n=4"), "n -> m");
  const auto steps = [&](const Linop& op) {
    const Tensor x = random("n=4");
    return make_plan(op.node(), *x.layout(), x.dtype(), nullptr, context,
                     {.dense = PlanOptions::Dense::pair})
        ->steps()
        .size();
  };

  const Linop rows = batch(a, parse_axes("batch", "m=2"));
  const Linop both = batch(a, parse_axes("batch", "m=2 n=2"));

  CHECK(rows.N().kind() == "Tiled");
  CHECK(rows.N().children().size() == 3);
  CHECK(both.N().kind() == "Normal");
  CHECK(steps(both) == 6);
  CHECK(steps(both.N()) == 12);
}

TEST_CASE(
    "batch: tiles that overlap in the output, or leave some of it, are added to its old "
    "contents once",
    "[split]") {
  Context context;
  const Linop p = pad("x=3", "x", 6);
  const Linop b = batch(p, parse_axes("batch", "x=2"));
  const Tensor y = tensor("x=6", {10, 10, 10, 10, 10, 10});

  b.apply(tensor("x=3", {1, 2, 3}), y, {1.0, 0.5}, context);

  CHECK(values_of(y) == std::vector<c128>{5, 5, 6, 7, 8, 5});
}

TEST_CASE("batch: along a dim that the operator takes as batch", "[split]") {
  Context context;
  const Linop f = FFT("x=4 -> k");
  const Linop b = batch(f, parse_axes("batch", "frame=2"), {{"frame", 5}});
  const Tensor x = random("frame=5 coil=2 x=4");
  const Tensor d = b(x, context);
  axpby(-1.0, f(x, context), 1.0, d, context);

  CHECK(norm(d, context) == 0.0);
  CHECK(b.children().size() == 3);
  CHECK(error_of([&] { b(random("frame=4 x=4"), context); }) ==
        "apply: Tiled is cut along the batch dim 'frame' = 5 but was given {frame=4, x=4}");
}

TEST_CASE("batch: a tiled operator is cut again", "[split]") {
  const Linop a = Diagonal(random("coil=8 x=4"));
  const Linop b = batch(a, parse_axes("batch", "coil=4"));

  const Linop c = batch(b, parse_axes("batch", "coil=2"));

  CHECK(c.children().size() == 4);
  CHECK(c.children()[1].kind() == "Tiled");
  CHECK(c.children()[1].children().front().extent("coil") == 2);
  CHECK(error_of([&] { batch(a, parse_axes("batch", "coill=4")); }) ==
        "batch: no dim 'coill' in Diagonal (coil x -> coil x); did you mean 'coil'?");
}

TEST_CASE("split: tiles that were narrowed along one dim are cut along inner dims", "[split]") {
  Context context;
  const Linop d = Dense(random("m=5 n=8", 1), "m n, n -> m"),
              e = Dense(random("n=8 p=6", 2), "n p, p -> n");
  const Linop crop = Crop("n=8", [] {
    PadOptions o;
    o.to = {{"n", 5}};
    return o;
  }());
  const Linop last = Dense(random("q=3 n'=5", 3), "q n', n' -> q");
  const auto check = [&](const Linop& a, const char* first, const char* second, const char* x) {
    INFO(a.text() << " along " << first << ", then " << second);
    const Linop tile = split(a, parse_axes("split", first)).tiles.front().op;
    const Tensor part = random(x, 4);
    const Linop again = batch(tile, parse_axes("batch", second));
    CHECK(again.children().size() == 2);
    const std::vector<c128> expected = values_of(tile(part, context)),
                            found = values_of(again(part, context));
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-4);
  };

  check(d * e, "n=4", "n=2", "p=6");
  check(d * e, "p=3", "n=4", "p=3");
  check((d * e).N(), "m=3", "n=4", "p=6");
  check((d * e).N(), "p=3", "m=3", "p=3");
  check((d * e).N() + Identity("p"), "p=3", "m=3", "p=3");
  check(last * crop * e, "n=4", "n=1", "p=6");  // two elements of n are left
}

TEST_CASE("split: an inner dim whose name a renamed dim takes is cut under another", "[split]") {
  Context context;
  const Linop a =
      Dense(random("m=5 n=8", 1), "m n, n -> m") * Dense(random("n=8 p=6", 2), "n p, p -> n");
  const Linop renamed = a.rename({{"p", "n"}});
  const Tensor x = random("n=6", 3);

  const Linop b = batch(renamed, parse_axes("batch", "n'=4"));

  REQUIRE(renamed.inner() == std::vector<Dim>{Dim::parse("n'")});
  CHECK(renamed.extent("n'") == 8);
  CHECK(b.children().size() == 2);
  const std::vector<c128> expected = values_of(a(x.unname(), context)),
                          found = values_of(b(x, context));
  for (size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-4);
}
