// SPDX-License-Identifier: MIT
#include "runtime/core/signature.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

Signature sig(const std::string& text) { return Signature::parse("signature", text); }

std::string refused(const std::string& text) {
  return error_text([&] { (void)sig(text); });
}

std::string weight(const std::string& text) {
  const WeightText parsed = parse_weight("Dense", text);
  std::string dims;
  for (const Dim& dim : *parsed.weight) dims += dim.text() + " ";
  return dims + "| " + parsed.signature.signature.text();
}

std::string refused_weight(const std::string& text) {
  return error_text([&] { (void)parse_weight("Dense", text); });
}

}  // namespace

TEST_CASE("Signature: kept dims stand on both sides with the same primes (case 9)", "[core]") {
  const Signature s = sig("y x -> coil y x");
  CHECK(s.keeps(Dim::parse("y")));
  CHECK(s.keeps(Dim::parse("x")));
  CHECK_FALSE(s.keeps(Dim::parse("coil")));
  CHECK(s.itext() == "y x");
  CHECK(s.otext() == "coil y x");
  CHECK(s.is_open());
  CHECK(sig("y->ky").text() == "y -> ky");
  CHECK(sig("( 1 )->a").text() == "(1) -> a");
  CHECK(sig("-> m").text() == "-> m");
  CHECK(sig("n ->").text() == "n ->");
}

TEST_CASE("Signature: wrong arrows are refused, the first two with the right one (case 10)",
          "[core]") {
  CHECK(refused("a => b") ==
        "signature: '=>' is not part of the notation; write '->'\n"
        "  \"a => b\"\n"
        "     ^^");
  CHECK(refused("a → b") ==
        "signature: '→' is not part of the notation; write '->'\n"
        "  \"a → b\"\n"
        "     ^");
  CHECK(refused("a -> b -> c") ==
        "signature: '->' twice; a signature has it once\n"
        "  \"a -> b -> c\"\n"
        "          ^^");
}

TEST_CASE("Signature: '...' stands once on both sides (case 11)", "[core]") {
  CHECK(refused("... y x -> ky kx") ==
        "signature: '...' stands only left of '->'; write it on both sides or on neither\n"
        "  \"... y x -> ky kx\"\n"
        "   ^^^");
  CHECK(error_text([] { (void)parse_signature("FFT", "... y ... x -> ky kx"); }) ==
        "FFT: '...' stands twice left of '->'; a side may have it once\n"
        "  \"... y ... x -> ky kx\"\n"
        "         ^^^");
  CHECK(sig("y ... -> ... y").text() == "y ... -> ... y");
  CHECK_FALSE(sig("y ... -> ... y").is_open());
}

TEST_CASE("Signature: normal form moves primes to the output (case 12)", "[core]") {
  CHECK(sig("x' -> x").text() == "x -> x'");
  CHECK(sig("x -> x'''").text() == "x -> x'");
  CHECK(sig("x' -> x'").text() == "x -> x");
  CHECK(sig("(3) (7) -> (7)'").text() == "(1) (2) -> (2)'");
}

TEST_CASE("Signature: repeated names and differing extents are refused (cases 13, 14)", "[core]") {
  CHECK(refused("x x' -> y") ==
        "signature: 'x' twice on the input\n"
        "  \"x x' -> y\"\n"
        "     ^^");
  CHECK(refused("x=256 -> x=128") ==
        "signature: extents of the kept dim 'x' differ: 256 and 128; write \"x'\" on the right if "
        "these are "
        "two dims\n"
        "  \"x=256 -> x=128\"\n"
        "            ^^^^^");
  CHECK(sig("x=256 -> x").text() == "x=256 -> x=256");
}

TEST_CASE("Signature: wildcards keep where they share a number (cases 15, 16, 51)", "[core]") {
  CHECK(sig("(1) (2) -> (1)").text() == "(1) (2) -> (1)");
  CHECK(sig("() -> ()").text() == "(1) -> (2)");
  CHECK(sig("()").text() == "(1) -> (1)");
  CHECK_THAT(refused("(a) -> a"),
             Catch::StartsWith("signature: groups belong to rearrange patterns"));
  CHECK_THAT(refused("( -> a"), Catch::StartsWith("signature: '(' begins a wildcard"));
  CHECK_THAT(refused("(01) -> a"),
             Catch::StartsWith("signature: wildcard number '01' has a leading zero"));
  CHECK_THAT(refused("(1000) -> a"),
             Catch::StartsWith("signature: wildcard number is too large: the largest is 999"));
}

TEST_CASE("weight: dims are kept, summed or produced (cases 17, 18)", "[core]") {
  CHECK(weight("m n, n -> m") == "m n | n -> m");
  CHECK(weight("m n,n->m") == "m n | n -> m");
  CHECK(weight("b m k, b k -> b m") == "b m k | b k -> b m");
  CHECK(weight("c' c, c x -> c' x") == "c' c | c x -> c' x");
  CHECK(weight("x' x, x' -> x") == "x x' | x -> x'");
  CHECK(weight("m=3 n=4, n -> m") == "m n | n=4 -> m=3");
  CHECK(parse_weight("Dense", "(2) (1), (1) -> (2)").weight_terms->at(0).variable == 2);
}

TEST_CASE("weight: punctuation and stray dims are refused (cases 19, 20)", "[core]") {
  CHECK(refused_weight("m n n -> m") ==
        "Dense: 'n' twice on the input; ',' is missing if the dims of a weight stand first: \"m n, "
        "n -> m\"\n"
        "  \"m n n -> m\"\n"
        "       ^");
  CHECK_THAT(refused_weight("m n, n, -> m"), Catch::StartsWith("Dense: ',' twice"));
  CHECK_THAT(refused_weight("m n, n m"), Catch::StartsWith("Dense: '->' is missing"));
  CHECK(refused_weight("m k n, n -> m") ==
        "Dense: 'k' is in the weight but in neither input nor output; sum it beforehand or name it "
        "in the "
        "signature\n"
        "  \"m k n, n -> m\"\n"
        "     ^");
  CHECK(refused_weight("m n, n p -> m") ==
        "Dense: 'p' is in the input but in neither weight nor output; sum it with lo.SumReduce\n"
        "  \"m n, n p -> m\"\n"
        "          ^");
  CHECK_THAT(refused_weight("m () , () -> m"),
             Catch::StartsWith("Dense: '()' has no place in a weight"));
}

TEST_CASE("Signature: one-sided strings are left to the operator", "[core]") {
  const SignatureText parsed = parse_signature("Diagonal", "coil=2 y");
  CHECK(parsed.is_one_sided);
  CHECK(Signature(parsed.side, parsed.side).text() == "coil=2 y -> coil=2 y");
}

TEST_CASE("Signature: adjoint and normal of W (case 34)", "[core]") {
  const Signature w = sig("n -> m");
  CHECK(w.adjoint().text() == "m -> n");
  CHECK(w.normal().text() == "n -> n'");
  CHECK(w.normal().normal().text() == "n -> n'");
  CHECK(w.normal().adjoint().text() == "n -> n'");
  CHECK(sig("(1) -> (2)").normal().text() == "(1) -> (1)'");
  CHECK(sig("coil y x -> y x").normal().text() == "coil y x -> coil' y x");
}

TEST_CASE("Signature: inner dims renamed to one name keep within the primes that can be written",
          "[core]") {
  Composition many{sig("a -> b"), {}};
  std::vector<std::pair<std::string, std::string>> names;
  for (int i = 0; i < 300; ++i) {
    names.emplace_back(fmt::format("i{}", i), "z");
    many.inner.emplace_back(Dim::parse(names.back().first), 2);
  }

  const Composition renamed = rename(many, names);

  REQUIRE(renamed.inner.size() == 8);
  CHECK(renamed.inner[7].first == Dim::parse("z'''''''"));
}

TEST_CASE("Signature: rename is one simultaneous substitution (cases 41, 42, 43)", "[core]") {
  CHECK(sig("a b -> b c").rename({{"a", "b"}, {"b", "a"}}).text() == "b a -> a c");
  CHECK(error_text([] {
          (void)sig("a b -> c").rename({{"a", "b"}});
        }) == "rename: 'b' twice on the input of the result");
  CHECK(error_text([] {
          (void)sig("a b -> c").rename({{"z", "q"}});
        }) == "rename: no dim 'z' in \"a b -> c\"");
  CHECK(error_text([&] {
          (void)sig("a b -> c").rename({{"a", "1x"}});
        }).starts_with("rename: '1x' is not a name"));
  CHECK(error_text([] {
          (void)sig("coil -> c").rename({{"coli", "q"}});
        }) == "rename: no dim 'coli' in \"coil -> c\"; did you mean 'coil'?");
  CHECK(sig("n -> n'").rename({{"n", "p"}}).text() == "p -> p'");
  // A mixed dim that takes the name of one on the other side does not become a kept dim.
  CHECK(sig("n -> m").rename({{"m", "n"}}).text() == "n -> n'");
  CHECK(sig("a b -> a c").rename({{"c", "b"}}).text() == "a b -> a b'");
  CHECK(sig("n m -> m n'").rename({{"n", "m"}, {"m", "n"}}).text() == "m n -> n m'");
  CHECK(sig("n -> n'").rename({{"n'", "m"}}).text() == "n -> m");
  CHECK(sig("(1) -> (2)").rename({{"(1)", "n"}}).text() == "n -> (1)");
  const Composition fs{sig("y x -> spoke"), {{Dim::parse("coil"), 8}}};
  CHECK(rename(fs, {{"coil", "c"}}).inner[0].first.text() == "c");
}

TEST_CASE("Signature: extents are attached by name and must agree", "[core]") {
  const Signature s =
      sig("y x -> coil y x").with_extents({{Dim::parse("y"), 4}, {Dim::parse("coil"), 2}});
  CHECK(s.text() == "y=4 x -> coil=2 y=4 x");
  CHECK(s.extent(Dim::parse("coil")) == 2);
  CHECK(error_text([&] {
          (void)s.with_extents({{Dim::parse("y"), 5}});
        }) == "signature: extent of 'y' is 4 in \"y=4 x -> coil=2 y=4 x\" but 5 was given");
}
