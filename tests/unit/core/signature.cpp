// SPDX-License-Identifier: MIT
#include "runtime/core/signature.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

Signature sig(const std::string& text) { return Signature::parse("signature", text); }

}  // namespace

TEST_CASE("compose: names flow through F*S and its normal (case 35)", "[core]") {
  const Composition s{sig("y x -> coil y x"), {}};
  const Composition f{sig("y x -> spoke sample"), {}};
  const Composition fs = compose(f, "F", s, "S");

  CHECK(fs.signature.text() == "y x -> coil spoke sample");
  CHECK(normal(fs).signature.text() == "y x -> y' x'");
}
