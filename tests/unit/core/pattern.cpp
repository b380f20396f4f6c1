// SPDX-License-Identifier: MIT
#include "runtime/core/pattern.hpp"

#include <catch2/catch.hpp>

#include "runtime/core/shape_parser.hpp"
#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

Recipe recipe(const std::string& pattern,
              const Shape& x,
              const ExtentList& extents = {},
              PatternKind kind = PatternKind::rearrange,
              PatternRules rules = {}) {
  return resolve(parse_pattern("rearrange", pattern, kind), "rearrange", x, extents, rules);
}

Signature signature(const std::string& pattern, const ExtentList& extents = {}) {
  return to_signature(parse_pattern("Rearrange", pattern), "Rearrange", extents);
}

std::string refused(const std::string& pattern) {
  return error_text([&] { (void)parse_pattern("rearrange", pattern); });
}

Dim dim(const char* name) { return Dim::parse(name); }

}  // namespace

TEST_CASE("pattern: a group is split by the extents of its members (case 21)", "[core]") {
  CHECK(signature("(a b) c -> a b c", {{dim("a"), 2}, {dim("b"), 3}}).text() ==
        "a_b=6 c -> a=2 b=3 c");

  const Recipe split = recipe("(a b) c -> c a b", Shape::parse("a_b=6 c=4"), {{dim("a"), 2}});
  CHECK(split.split.text() == "a=2 b=3 c=4");
  CHECK(split.order == std::vector<int>{2, 0, 1});
  CHECK(split.output.text() == "c=4 a=2 b=3");
}

TEST_CASE("pattern: groups on the right are merged, the last member fastest", "[core]") {
  const Recipe merged = recipe("coil y x -> n=(x y) coil", Shape::parse("coil=2 y=3 x=4"));
  CHECK(merged.order == std::vector<int>{2, 1, 0});
  CHECK(merged.elements.text() == "x=4 y=3 coil=2");
  CHECK(merged.group_sizes == std::vector<int>{2, 1});
  CHECK(merged.output.text() == "n=12 coil=2");
}

TEST_CASE("pattern: an extent that does not divide is refused (case 22)", "[core]") {
  const std::string text =
      "extent of 'y': 7 is not a multiple of 2, the product of the known members";
  CHECK(error_text([] {
          (void)signature("y=(yo by) x -> by yo x", {{dim("by"), 2}, {dim("y"), 7}});
        }) == "Rearrange: " + text);
  CHECK(error_text([] { (void)recipe("y=(yo by=2) x -> by yo x", Shape::parse("y=7 x=2")); }) ==
        "rearrange: " + text);
  CHECK(signature("y=(yo by) x -> by yo x", {{dim("by"), 2}, {dim("y"), 8}}).text() ==
        "y=8 x -> by=2 yo=4 x");
}

TEST_CASE("pattern: '1' removes on the left and adds on the right (case 23)", "[core]") {
  const Recipe moved = recipe("1 y x -> y x 1", Shape::parse("slice=1 y=2 x=3"));
  CHECK(moved.output.text() == "y=2 x=3 unit1=1");
  CHECK(moved.dropped == std::vector<int>{0});
  CHECK(moved.order == std::vector<int>{1, 2, -1});
  CHECK(recipe("slice=1 y -> y z=1", Shape::parse("slice=1 y=2")).output.text() == "y=2 z=1");
  CHECK(error_text([] { (void)recipe("1 y -> y", Shape::parse("slice=2 y=2")); }) ==
        "rearrange: \"1 y -> y\" needs {1, y} but was given {slice=2, y=2}: '1' is a dim of extent "
        "1, but the "
        "extent of 'slice' is 2");
}

TEST_CASE("pattern: names are neither lost nor invented, groups neither nested nor empty (case 24)",
          "[core]") {
  CHECK(refused("a b -> a") ==
        "rearrange: 'b' is lost: it stands only left of '->'; sum it with lo.reduce, or write b=1 "
        "if it has "
        "extent 1\n"
        "  \"a b -> a\"\n"
        "     ^");
  CHECK_THAT(refused("a -> a b"), Catch::StartsWith("rearrange: 'b' is unknown"));
  CHECK_THAT(refused("a a -> a"), Catch::StartsWith("rearrange: 'a' twice left of '->'"));
  CHECK_THAT(refused("((a b) c) -> a b c"), Catch::StartsWith("rearrange: groups do not nest"));
  CHECK_THAT(refused("() a -> a"), Catch::StartsWith("rearrange: the group is empty"));
  CHECK_THAT(refused("a ... -> a"), Catch::StartsWith("rearrange: '...' stands only left of '->'"));
  CHECK_THAT(refused("a"), Catch::StartsWith("rearrange: '->' is expected"));
}

TEST_CASE("pattern: batch dims go where '...' stands", "[core]") {
  CHECK(recipe("... y x -> x y ...", Shape::parse("coil=2 y=3 x=4")).output.text() ==
        "x=4 y=3 coil=2");
  CHECK(recipe("... y x -> x y ...", Shape::unnamed({2, 3, 4})).output ==
        Shape::unnamed({4, 3, 2}));
  CHECK(recipe("y x -> x y", Shape::unnamed({3, 4})).output.text() == "x=4 y=3");
  CHECK(recipe("y x -> x y", Shape::parse("coil=2 y=3 x=4"), {}, PatternKind::rearrange,
               {.takes_batch = true})
            .output.text() == "coil=2 x=4 y=3");
}

TEST_CASE("pattern: reduce lacks names on the right, expand on the left", "[core]") {
  const Recipe reduced = recipe("coil (y by=2) x -> y x", Shape::parse("coil=2 yy=4 x=3"), {},
                                PatternKind::reduce, {.takes_any_name = true});
  CHECK(reduced.reduced == std::vector<int>{0, 2});
  CHECK(reduced.output.text() == "y=2 x=3");

  const Recipe expanded =
      recipe("y x -> coil=4 y x", Shape::parse("y=2 x=3"), {}, PatternKind::expand);
  CHECK(expanded.order == std::vector<int>{-1, 0, 1});
  CHECK(expanded.output.text() == "coil=4 y=2 x=3");
  CHECK(
      error_text([] { (void)recipe("x -> c x", Shape::parse("x=3"), {}, PatternKind::expand); }) ==
      "rearrange: the extent of the new dim 'c' is not known; write c=4, say, or give it as "
      "extent");
}

TEST_CASE("pattern: a tensor that does not fit is refused with the reason", "[core]") {
  const auto given = [](const char* x) {
    return error_text([&] { (void)recipe("y x -> x y", Shape::parse(x)); });
  };
  CHECK(given("x=4 y=3") ==
        "rearrange: \"y x -> x y\" needs {y, x} but was given {x=4, y=3}: same dims in another "
        "order; pass "
        "x:permute \"y x\"");
  CHECK(given("z=4 y=3") ==
        "rearrange: \"y x -> x y\" needs {y, x} but was given {z=4, y=3}: 'x' is missing");
  CHECK(given("z y x") ==
        "rearrange: \"y x -> x y\" needs {y, x} but was given {z, y, x}: 3 dims, 2 needed");
  CHECK(error_text([] {
          (void)recipe("a -> a", Shape::parse("a=3"), {{dim("b"), 2}});
        }) == "rearrange: no dim 'b' in \"a -> a\"");
}

TEST_CASE("einsum: operands and result are shapes without extents", "[core]") {
  const EinsumText einsum = parse_einsum("einsum", "coil y x, coil y x -> y x");
  CHECK(einsum.operands.size() == 2);
  CHECK(einsum.operands[1].names() == "coil y x");
  CHECK(einsum.result.names() == "y x");
  CHECK(parse_einsum("einsum", "x, ->").operands[1].ndim() == 0);
  CHECK_THAT(error_text([] { (void)parse_einsum("einsum", "x=3 -> x"); }),
             Catch::StartsWith("einsum: an extent has no place here"));
  CHECK_THAT(error_text([] { (void)parse_einsum("einsum", "x, y"); }),
             Catch::StartsWith("einsum: '->' is expected"));
}
