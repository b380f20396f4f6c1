// SPDX-License-Identifier: MIT
#include "runtime/core/shape.hpp"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "runtime/core/shape_lexer.hpp"
#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

std::string refused(const std::string& text) {
  return error_text([&] { (void)Shape::parse(text); });
}

size_t offset_of(const std::string& text) {
  try {
    (void)Shape::parse(text);
  } catch (const ParseError& e) {
    return e.offset();
  }
  return std::string::npos;
}

}  // namespace

TEST_CASE("Shape: dims, extents and order are read as written (cases 1, 2, 4)", "[core]") {
  const Shape shape = Shape::parse("coil=8 y=256 x=256");
  CHECK(shape.ndim() == 3);
  CHECK(shape.text() == "coil=8 y=256 x=256");
  CHECK(shape.names() == "coil y x");
  CHECK(shape.braced() == "{coil=8, y=256, x=256}");
  CHECK(shape.extent_of("y") == 256);
  CHECK(shape.count() == 8 * 256 * 256);

  CHECK(Shape::parse(" a\n\tb ").text() == "a b");
  CHECK(Shape::parse("").ndim() == 0);
  CHECK(Shape::parse("Nx1 Ny A10 k_z").names() == "Nx1 Ny A10 k_z");
  CHECK(Shape::parse("x = 0").extent(0) == 0);
  CHECK(Shape::parse("x=1").extent(0) == 1);
  CHECK(Shape::parse("x").extent(0) == kUnknown);
}

TEST_CASE("Shape: a dim stands once, primes included (case 3)", "[core]") {
  CHECK(refused("x x") ==
        "shape: 'x' twice\n"
        "  \"x x\"\n"
        "     ^");
  CHECK(Shape::parse("n' n").text() == "n' n");
  CHECK(Shape::parse("n' n").find("n'") == 0);
  CHECK(Shape::parse("n' n").find("n") == 1);
  CHECK(Shape::parse("n' n").find("n''") == -1);
}

TEST_CASE("Shape: extents are whole numbers below 2^53 (cases 5, 6)", "[core]") {
  CHECK(refused("x=08") ==
        "shape: extent '08' has a leading zero\n"
        "  \"x=08\"\n"
        "     ^^");
  CHECK(refused("x=-1") ==
        "shape: extent '-1' has a sign; it is a whole number from 0\n"
        "  \"x=-1\"\n"
        "     ^^");
  CHECK(refused("x=2.5") ==
        "shape: extent '2.5' has a fraction; it is a whole number from 0\n"
        "  \"x=2.5\"\n"
        "     ^^^");
  CHECK(refused("x=") ==
        "shape: '=' is followed by an extent, a whole number from 0, not by the end of the string\n"
        "  \"x=\"\n"
        "     ^");
  CHECK(refused("x=9007199254740992") ==
        "shape: extent is too large: the largest is 9007199254740991\n"
        "  \"x=9007199254740992\"\n"
        "     ^^^^^^^^^^^^^^^^");
  CHECK(refused("x=94906267 y=94906267") ==
        "shape: the product of the extents is too large: it must be below 9007199254740992\n"
        "  \"x=94906267 y=94906267\"\n"
        "              ^^^^^^^^^^");
  CHECK(Shape::parse("x=9007199254740991").extent(0) == 9007199254740991);
}

TEST_CASE("Shape: names are ASCII and begin with a letter (case 7)", "[core]") {
  CHECK(refused("1a") ==
        "shape: '1a' is not a name: a name begins with a letter\n"
        "  \"1a\"\n"
        "   ^^");
  CHECK(refused("_a") ==
        "shape: a name begins with a letter, not with '_'\n"
        "  \"_a\"\n"
        "   ^^");
  CHECK(refused("é") ==
        "shape: names are ASCII letters, digits and '_'\n"
        "  \"é\"\n"
        "   ^");
  CHECK(refused("a-b") ==
        "shape: '-' is not part of a name; '_' is, and the arrow is '->'\n"
        "  \"a-b\"\n"
        "    ^");
}

TEST_CASE("Shape: what belongs to patterns has no place in it (case 8)", "[core]") {
  CHECK(refused("a ...") ==
        "shape: '...' has no place in a tensor's shape\n"
        "  \"a ...\"\n"
        "     ^^^");
  CHECK(refused("a ()") ==
        "shape: wildcards and groups have no place in a tensor's shape\n"
        "  \"a ()\"\n"
        "     ^");
  CHECK(refused("(a b)") ==
        "shape: wildcards and groups have no place in a tensor's shape\n"
        "  \"(a b)\"\n"
        "   ^");
}

TEST_CASE("Shape: every limit has its own error (case 51)", "[core]") {
  std::string dims;
  for (int i = 0; i < 33; ++i) dims += fmt::format("d{} ", i);
  const std::string long_text(4097, ' ');
  const std::string long_name(64, 'a');

  CHECK_THAT(refused(long_text),
             Catch::StartsWith("shape: the string has 4097 bytes, more than the limit of 4096"));
  CHECK_THAT(refused(dims), Catch::StartsWith("shape: more than 32 dims\n"));
  CHECK_THAT(refused(long_name),
             Catch::StartsWith("shape: a name of 64 bytes, more than the limit of 63\n"));
  CHECK_THAT(refused("x''''''''"), Catch::StartsWith("shape: more than 7 primes\n"));
  CHECK(Shape::parse(std::string(63, 'a')).ndim() == 1);
  CHECK(Shape::parse("x'''''''").dim(0).primes == 7);
}

TEST_CASE("ParseError: the byte offset counts what the echo normalises", "[core]") {
  CHECK(offset_of("a\t\t\n !") == 5);
  CHECK(refused("a \x01  b") ==
        "shape: this character is not part of the notation\n"
        "  \"a \\x01 b\"\n"
        "     ^^^^");
  CHECK(offset_of("x=") == 2);
}

TEST_CASE("ParseError: long strings are cut around the caret", "[core]") {
  std::string text;
  for (int i = 0; i < 30; ++i) text += fmt::format("dim{} ", 100 + i);
  text.insert(text.find("dim115"), "! ");

  CHECK(refused(text) ==
        "shape: this character is not part of the notation\n"
        "  \"… dim110 dim111 dim112 dim113 dim114 ! dim115 dim116 dim117 dim118 dim119…\"\n"
        "                                        ^");
}

TEST_CASE("Shape: an unknown name lists the dims and the nearest one (case 49)", "[core]") {
  const Shape shape = Shape::parse("coil=8 y x");
  CHECK(error_text([&] { (void)shape.extent_of("nope"); }) ==
        "shape: no dim 'nope' in {coil=8, y, x}");
  CHECK(error_text([&] { (void)shape.extent_of("coli"); }) ==
        "shape: no dim 'coli' in {coil=8, y, x}; did you mean 'coil'?");
}

TEST_CASE("Shape: unnamed dims have extents only", "[core]") {
  const Shape shape = Shape::unnamed({2, 3});
  CHECK_FALSE(shape.is_named());
  CHECK(shape.text() == "2 3");
  CHECK(shape.braced() == "{2, 3}");
  CHECK(shape.names() == "");
  CHECK(Shape::unnamed({}).is_named());
}

TEST_CASE("Shape: built ones keep the invariants too", "[core]") {
  const Dim x = Dim::parse("x");
  CHECK(error_text([&] { Shape({x, x}, {1, 2}); }) == "shape: two dims named 'x'");
  CHECK(error_text([&] { Shape({x}, {-2}); }) == "shape: extent -2 is negative");
  CHECK(error_text([&] {
          Shape({x, Dim()}, {1, 2});
        }) == "shape: some of the dims are named and some are not");
  CHECK(error_text([&] { Shape({x}, {}); }) == "shape: 1 dims but 0 extents");
  CHECK_THAT(error_text([&] {
               Shape::unnamed({0, int64_t{1} << 40, int64_t{1} << 40});
             }),
             Catch::Contains("is too large"));
}
