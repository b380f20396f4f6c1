// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "runtime/core/signature.hpp"
#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

Signature sig(const std::string& text) { return Signature::parse("signature", text); }
Composition part(const std::string& text) { return {sig(text), {}}; }

Composition operator*(const Composition& a, const Composition& b) {
  return compose(a, "A", b, "B");
}

std::string show(const Composition& a) {
  std::vector<std::string> inner;
  for (const auto& [dim, extent] : a.inner) inner.push_back(dim.text());
  return fmt::format("{} [{}]", a.signature.text(), fmt::join(inner, " "));
}

std::string refused(const std::string& a,
                    const std::string& left,
                    const std::string& b,
                    const std::string& right) {
  return error_text([&] { (void)compose(sig(a), left, sig(b), right); });
}

}  // namespace

TEST_CASE("compose: every row of the table of composites (case 35)", "[core]") {
  const Composition s = part("y x -> coil y x");
  const Composition f = part("y x -> spoke sample");
  const Composition w = part("n -> m");
  const Composition d = part("m -> m");
  const Composition k = part("k -> k");

  CHECK(show(f * s) == "y x -> coil spoke sample []");
  CHECK(show(normal(f * s)) == "y x -> y' x' [coil spoke sample]");
  CHECK(show(normal(s)) == "y x -> y x [coil]");
  CHECK(show(normal(d * w)) == "n -> n' [m]");
  CHECK(show(w * adjoint(w)) == "m -> m' [n]");
  CHECK(show(normal(w) * normal(w)) == "n -> n' [m n'' m']");
  CHECK(show(k * (part("k -> k'") * k)) == "k -> k' []");
  CHECK(show(normal(part("a b -> b c"))) == "a b -> a' b [c]");
  CHECK(show(normal(part("a a1 -> c"))) == "a a1 -> a' a1' [c]");
}

TEST_CASE("compose: batch dims flow both ways (cases 30, 31, 32)", "[core]") {
  const Composition s = part("y x -> coil y x");
  const Composition f = part("y x -> spoke sample");
  const Composition d = part("y x -> y x");

  CHECK((f * s).signature.text() == "y x -> coil spoke sample");
  CHECK_FALSE((f * s).signature.keeps(Dim::parse("y")));
  CHECK((d * s).signature.text() == "y x -> coil y x");
  CHECK((d * s).signature.keeps(Dim::parse("y")));
  CHECK((s * d).signature == (d * s).signature);
  CHECK((adjoint(s) * adjoint(f)).signature == adjoint(f * s).signature);
  CHECK((adjoint(s) * adjoint(f)).signature.is_open());
}

TEST_CASE("compose: variables are bound from either side (cases 36, 37)", "[core]") {
  const Composition w = part("(1) -> (2)");
  const Composition d = part("n=5 -> n");

  CHECK(show(w * d) == "n=5 -> (1) []");
  CHECK(show(d * w) == "(1) -> n=5 []");
  CHECK(show(d * (w * d)) == "n=5 -> n'=5 []");
  CHECK(show(normal(w * d)) == "n=5 -> n'=5 []");
}

TEST_CASE("compose: what does not fit is refused with both sides (cases 33, 39, 40)", "[core]") {
  CHECK(refused("y x -> coil y x", "Dense", "y x -> coil y x", "Dense") ==
        "compose: two dims named 'coil' on the output of Dense; rename one of them");
  CHECK(refused("y x -> coil y x", "Dense", "y x -> spoke sample", "NUFFT") ==
        "compose: left input {y, x} (Dense) does not match right output {spoke, sample} (NUFFT): "
        "'x' against "
        "'sample'");
  CHECK(refused("y=128 x=128 -> ky kx", "FFT", "y=256 x=256 -> coil=8 y x", "Dense") ==
        "compose: extent of 'x' is 256 in Dense {coil=8, y=256, x=256} but 128 in FFT {y=128, "
        "x=128}");
  CHECK(refused("n=4 -> m", "Dense", "n=5 -> n", "Diagonal") ==
        "compose: extent of 'n' is 5 in Diagonal {n=5} but 4 in Dense {n=4}");
  CHECK(refused("y x ... -> ky kx ...", "FFT", "a -> b y x", "Dense") ==
        "compose: left input {y, x, ...} (FFT) does not match right output {b, y, x} (Dense): "
        "ambiguous batch "
        "dims; name them");

  const Composition closed{sig("y x -> y x").closed(), {}};
  const Composition s = part("y x -> coil y x");
  CHECK(error_text([&] { (void)compose(closed, "FFT", s, "Dense"); }) ==
        "compose: left input {y, x} (FFT) does not match right output {coil, y, x} (Dense): extra "
        "dim 'coil'; "
        "the left operator takes no batch dims");
  CHECK((s * closed).signature.text() == "y x -> coil y x");
  CHECK_FALSE((s * closed).signature.is_open());
}

TEST_CASE("compose: nothing overflows in a long product", "[core]") {
  const Composition w = normal(part("n -> m"));
  Composition product = w;
  for (int i = 0; i < 300; ++i) product = product * w;

  CHECK(product.signature.text() == "n -> n'");
  CHECK(product.inner.size() ==
        14);  // m … m''''''' and n'' … n''''''': longer ones cannot be written
}

TEST_CASE("add: a dim is kept only if both terms keep it (case 38)", "[core]") {
  CHECK(add(Signature(), "Identity", sig("y=3 x -> y' x'"), "A.N").text() == "y=3 x -> y'=3 x'");
  CHECK(add(sig("y=3 x -> y' x'"), "A.N", Signature(), "Identity").text() == "y=3 x -> y'=3 x'");
  CHECK(add(sig("n -> n"), "D", sig("n=2 -> n"), "D").text() == "n=2 -> n=2");
  CHECK(add(sig("x -> (1) x"), "A", sig("coil x -> coil y x"), "B").text() == "coil x -> coil y x");
  CHECK(error_text([] { (void)add(sig("n -> m"), "Dense", sig("n -> p"), "Dense"); }) ==
        "add: output {m} (Dense) does not match output {p} (Dense): 'm' against 'p'");
  CHECK(error_text([] { (void)add(sig("n=2 -> m"), "Dense", sig("n=3 -> m"), "Dense"); }) ==
        "add: extent of 'n' is 2 in Dense {n=2} but 3 in Dense {n=3}");
  // Found by fuzzing: '...' would stand for (x, ...) on the input and (..., x) on the output.
  CHECK_THAT(error_text([] { (void)add(sig("... -> ..."), "A", sig("x ... -> ... x"), "B"); }),
             Catch::Contains("'...' would stand for other dims than on the input"));
}
