// SPDX-License-Identifier: MIT
// R10: neighbours that move elements.
#include "runtime/core/error.hpp"
#include "tests/unit/linop/values.hpp"
#include "tests/unit/plan/rewritten.hpp"

using namespace lunops;
using test::error_of;
using test::random;
using test::rewritten;
using test::steps_of;
using test::uses_of;

namespace {

Linop roll(const char* text, std::vector<std::pair<std::string, int64_t>> shift) {
  RollOptions o;
  o.shift = std::move(shift);
  return Roll(text, o);
}

Linop flip(const char* text, std::vector<std::string> dims) {
  FlipOptions o;
  o.dims = std::move(dims);
  return Flip(text, o);
}

Linop pad(const char* text,
          std::vector<std::pair<std::string, int64_t>> to,
          const char* at = "centre") {
  PadOptions o;
  o.to = std::move(to);
  o.at = at;
  return Pad(text, o);
}

Linop crop(const char* text,
           std::vector<std::pair<std::string, int64_t>> to,
           const char* at = "centre") {
  PadOptions o;
  o.to = std::move(to);
  o.at = at;
  return Crop(text, o);
}

}  // namespace

TEST_CASE("R10: Rolls add their shifts, and cancel where these are opposite", "[plan]") {
  const Linop two = roll("y x", {{"x", 2}}), minus = roll("y x", {{"x", -2}});
  const Linop y = roll("y x", {{"y", 3}}), both = roll("y x", {{"y", 1}, {"x", 4}});
  const Tensor x = random("y=4 x=5");

  CHECK(uses_of("R10", two * two, x) == 1);
  CHECK(steps_of(two * two, x) == steps_of(two, x));
  CHECK(steps_of(minus * two, x) == 1);  // the copy of a view into the result
  CHECK(uses_of("R10", y * both * two.H(), x) == 2);
  CHECK(uses_of("R10", (y * both * two).H(), random("b=2 y=4 x=5")) == 2);
  CHECK(uses_of("R10", both * roll("z y x", {{"z", 1}}), random("z=3 y=4 x=5")) == 1);
  CHECK(uses_of("R10", roll("y x -> x l", {{"y", 1}}) * roll("k x -> y x", {{"k", 2}}),
                random("k=4 x=5")) == 1);
  CHECK(uses_of("R10", two * flip("y x", {"x"}), x) == 0);
  CHECK(uses_of("R10", two * two, x, {.without = {"move"}}) == 0);
}

TEST_CASE("R10: Flips of different dims are one, of equal dims none", "[plan]") {
  const Linop x = flip("y x", {"x"}), y = flip("y x", {"y"}), both = flip("y x", {"y", "x"});

  CHECK(uses_of("R10", x * y, random("y=3 x=4")) == 1);
  CHECK(uses_of("R10", flip("x -> k", {"x"}) * flip("n -> x", {"n"}), random("n=4")) == 1);
  CHECK(uses_of("R10", flip("y x -> l k", {"y", "x"}) * flip("y n -> y x", {"n"}),
                random("y=3 n=4")) == 0);  // one that renames x and flips only y is no Flip
  CHECK(steps_of(both * both, random("y=3 x=4")) == 1);
}

TEST_CASE("R10: Permutes are one, and none where the order is the first one", "[plan]") {
  const Linop p = Permute("z y x -> x z y"), q = Permute("x z y -> y x z");
  const Linop d = Diagonal(random("z=2 y=3 x=4"));
  const Tensor x = random("z=2 y=3 x=4");

  CHECK(uses_of("R10", q * p, x) == 1);
  CHECK(uses_of("R10", (q * p).H(), random("y=3 x=4 z=2")) == 1);
  CHECK(uses_of("R10", Permute("y x z -> x z y") * q, random("x=4 z=2 y=3")) == 1);
  CHECK(steps_of(d * Permute("y x z -> z y x") * q * p * d, x) == 1);  // R6 after R10
  CHECK(uses_of("R10", Permute("y x -> x y") * Permute("z y x -> z y x"), x) == 1);
}

TEST_CASE("R10: Renames are one", "[plan]") {
  CHECK(uses_of("R10", Rename("k -> l") * Rename("x -> k"), random("x=4")) == 1);
  CHECK(uses_of("R10", Rename("b k -> b l") * Rename("x -> k"), random("b=2 x=4")) == 1);
}

TEST_CASE("R10: Slices of Slices are one, and so are Embeds", "[plan]") {
  SliceOptions inner, outer, single, rows;
  rows.range = {{"y", {2, 2}}};
  inner.range = {{"x", {3, 9, 2}}};  // 3 5 7 9
  outer.range = {{"x", {2, 4, 2}}};  // 5 9
  single.range = {{"x", {2, 2, 1, true}}};
  inner.extent = {{"x", 10}};
  const Linop a = Slice("y x -> y x'", inner), b = Slice("y x -> y x'", outer);
  const Linop one = Slice("y x -> y", single);
  const Linop product = b * a;
  const Tensor x = random("y=2 x=10");

  CHECK(uses_of("R10", product, x) == 1);
  CHECK(uses_of("R10", one * a, x) == 1);
  CHECK(uses_of("R10", product.H(), random("y=2 x=2")) == 1);
  CHECK(steps_of(product.H(), random("y=2 x=2")) == steps_of(a.H(), random("y=2 x=4")));
  CHECK(uses_of("R10", (one * a).H(), random("b=3 y=2")) == 1);
  CHECK(uses_of("R10", Slice("y x -> y' x", rows) * a, x) == 1);
}

TEST_CASE("R10: Pads of one anchor are one, and so are Crops", "[plan]") {
  for (const char* at : {"centre", "start", "end"}) {
    CAPTURE(at);
    const Linop p = pad("y x", {{"x", 6}}, at), q = pad("y x", {{"x", 9}}, at);
    const Linop c = crop("y x", {{"x", 6}}, at), d = crop("y x", {{"x", 3}}, at);

    CHECK(uses_of("R10", q * p, random("y=2 x=5")) == 1);
    CHECK(steps_of(q * p, random("y=2 x=5")) == steps_of(p, random("y=2 x=5")));
    CHECK(uses_of("R10", pad("y x", {{"y", 5}}, at) * p, random("b=2 y=2 x=5")) == 1);
    CHECK(uses_of("R10", d * c, random("y=2 x=9")) == 1);
    CHECK(uses_of("R10", c * q, random("y=2 x=5")) == 0);
  }
  CHECK(uses_of("R10", pad("x", {{"x", 9}}, "start") * pad("x", {{"x", 6}}, "end"),
                random("x=5")) == 0);
}

TEST_CASE("R10: Rearranges are one, and none where one undoes the other", "[plan]") {
  const auto make = [](const char* text, std::vector<std::pair<std::string, int64_t>> extent = {}) {
    LinopOptions o;
    o.extent = std::move(extent);
    return Rearrange(text, o);
  };
  const Linop split = make("n=(a b) c -> a b c", {{"a", 2}});
  const Linop turn = make("a b c -> c n=(b a)", {{"a", 2}}),
              back = make("c n=(b a) -> n=(a b) c", {{"b", 3}});
  const Tensor x = random("n=6 c=4");

  CHECK(uses_of("R10", turn * split, x) == 1);
  CHECK(uses_of("R10", (turn * split).H(), random("c=4 n=6")) == 1);
  CHECK(steps_of(turn * split, x) == 1);
  CHECK(steps_of(make("a b c -> n=(a b) c") * make("n=(a b) c -> a b c", {{"a", 2}}), x) == 1);
  CHECK(uses_of("R10", make("a b c -> n=(a b) c") * split, x) == 1);
  CHECK(uses_of("R10", back * turn * split, x) == 2);
  CHECK(rewritten(back * turn * split, x)->rewritten().back() ==
        "R10 Rearrange * Rearrange -> none");
  // Batch dims of one are dims of the other.
  CHECK(uses_of("R10", make("s a b c -> n=(s a) b c") * split, random("s=5 n=6 c=4")) == 1);
  CHECK(uses_of("R10", make("p=(q r) -> q r", {{"q", 2}}) * make("m n p -> (m n) p"),
                random("m=2 n=3 p=4")) == 1);
}

TEST_CASE("R10: Rearranges meet where their members divide each other", "[plan]") {
  const auto make = [](const char* text, std::vector<std::pair<std::string, int64_t>> extent = {}) {
    LinopOptions o;
    o.extent = std::move(extent);
    return Rearrange(text, o);
  };
  const Linop join = make("a b -> n=(a b)");
  const Linop four = make("n=(p q) -> q p", {{"p", 4}}), three = make("n=(p q) -> q p", {{"p", 3}});

  CHECK(uses_of("R10", four * join, random("a=2 b=6")) == 1);   // 2 x 2 x 3
  CHECK(uses_of("R10", three * join, random("a=2 b=3")) == 0);  // 3 x 2 against 2 x 3
  CHECK(uses_of("R10", three * join, random("a=1 b=3")) == 1);
  CHECK(uses_of("R10", make("n=(p q) -> q p", {{"p", 1}}) * join, random("a=2 b=3")) == 1);
  CHECK(uses_of("R10", three * Trace("...") * join, random("a=3 b=2")) == 0);
}
