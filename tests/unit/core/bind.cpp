// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/core/signature.hpp"
#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

Binding bound(const std::string& signature, const Shape& x) {
  return bind(Signature::parse("signature", signature), "FFT", x);
}
Binding bound(const std::string& signature, const std::string& x) {
  return bound(signature, Shape::parse(x));
}

std::string refused(const std::string& signature, const std::string& operation, const Shape& x) {
  return error_text([&] { (void)bind(Signature::parse("signature", signature), operation, x); });
}
std::string refused(const std::string& signature,
                    const std::string& operation,
                    const std::string& x) {
  return refused(signature, operation, Shape::parse(x));
}

}  // namespace

TEST_CASE("bind: further leading dims are batch dims (case 44)", "[core]") {
  const Binding binding = bound("y x -> ky=3 kx=4", "coil=2 y=3 x=4");

  CHECK(binding.input.text() == "coil=2 y=3 x=4");
  CHECK(binding.output.text() == "coil=2 ky=3 kx=4");
  CHECK(binding.batch == std::vector<int>{0});
  CHECK(refused("y x -> ky kx", "FFT", "y=3 coil=2 x=4") ==
        "apply: FFT needs {y, x} but was given {y=3, coil=2, x=4}: batch dims lead; pass x:permute "
        "\"coil y "
        "x\" or write \"y ... x\" in the operator's string");
}

TEST_CASE("bind: a written '...' takes batch dims where it stands (case 45)", "[core]") {
  const Binding binding = bound("y ... x -> y ... x", "y=3 coil=2 x=4");

  CHECK(binding.output.text() == "y=3 coil=2 x=4");
  CHECK(binding.batch == std::vector<int>{1});
}

TEST_CASE("bind: unnamed tensors are matched by position and rank (cases 46, 47)", "[core]") {
  CHECK(bound("y x -> ky=1 x", Shape::unnamed({3, 4})).output.text() == "ky=1 x=4");
  CHECK(bound("y x -> ky=1 x", Shape::unnamed({3, 4})).is_named);
  CHECK(refused("y x -> y x", "FFT", Shape::unnamed({3, 4, 5})) ==
        "apply: FFT needs {y, x} but was given {3, 4, 5}: an unnamed tensor of rank 3 against rank "
        "2; batch "
        "dims are seen by name, so name the dims");

  const Binding any = bound("... -> ...", Shape::unnamed({3, 4}));
  CHECK_FALSE(any.is_named);
  CHECK(any.output == Shape::unnamed({3, 4}));
  CHECK(any.input.names() == "#0 #1");
  CHECK(bind(Signature(), "Identity", Shape::unnamed({3})).output == Shape::unnamed({3}));
}

TEST_CASE("bind: the result has no primes and nothing is broadcast (case 48)", "[core]") {
  CHECK(bound("x -> x'=3", "x=3").output.text() == "x=3");
  CHECK(bound("x -> x'=3", "x=3").seen_output.text() == "x'=3");
  CHECK(bound("x -> x", "x'=3").output.text() == "x=3");
  CHECK(refused("x=256 -> x", "FFT", "x=1") ==
        "apply: FFT needs {x=256} but was given {x=1}: extent of 'x' is 1, not 256; a dim of "
        "extent 1 is not "
        "broadcast");
  CHECK(refused("x=256 -> x", "FFT", "x=2") ==
        "apply: FFT needs {x=256} but was given {x=2}: extent of 'x' is 2, not 256");
}

TEST_CASE("bind: missing, extra and permuted dims are three different errors", "[core]") {
  CHECK(refused("coil y x -> y x", "Dense.H", "y=256 x=256") ==
        "apply: Dense.H needs {coil, y, x} but was given {y=256, x=256}: 'coil' is missing");
  CHECK(refused("y x -> spoke sample", "NUFFT", "x=256 y=256") ==
        "apply: NUFFT needs {y, x} but was given {x=256, y=256}: same dims in another order; pass "
        "x:permute "
        "\"y x\"");
  CHECK(refused("y x -> spoke sample", "NUFFT", "x=256 coil y=256") ==
        "apply: NUFFT needs {y, x} but was given {x=256, coil, y=256}: the dims are in another "
        "order; pass "
        "x:permute \"coil y x\"");
  const Signature closed = Signature::parse("FFT", "y x -> y x").closed();
  CHECK(error_text([&] { (void)bind(closed, "FFT", Shape::parse("coil=1 y x")); }) ==
        "apply: FFT needs {y, x} but was given {coil=1, y, x}: extra dim 'coil'; this operator "
        "takes no batch "
        "dims");
  CHECK(refused("() x -> x", "Sum", "x=2") ==
        "apply: Sum needs {(1), x} but was given {x=2}: 1 dim, at least 2 needed");
}

TEST_CASE("bind: a batch dim may not meet a dim of the operator with its name", "[core]") {
  CHECK(refused("y x -> coil y x", "Dense", "coil=1 y=2 x=2") ==
        "apply: two dims named 'coil' on the output of Dense, which was given {coil=1, y=2, x=2}, "
        "one of them "
        "a batch dim; rename one of them");
  CHECK(refused("n -> m", "Dense", "n' n") ==
        "apply: Dense was given {n', n}: two dims named 'n', for primes do not tell the dims of a "
        "tensor apart; "
        "rename one of them");
}

TEST_CASE("bind: variables take names, and unbound ones leave the result unnamed", "[core]") {
  const Binding normal = bound("(1) -> (1)'", "coil=1 x=2");
  CHECK(normal.output.text() == "coil=1 x");
  CHECK(normal.seen_output.text() == "coil=1 x'");
  CHECK(normal.variables == std::vector<std::pair<int, Dim>>{{1, Dim::parse("x")}});
  CHECK_FALSE(bound("(1) -> (2)", "x=2").is_named);
}
