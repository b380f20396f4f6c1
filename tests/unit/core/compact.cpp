// SPDX-License-Identifier: MIT
#include "runtime/core/compact.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

std::string dims(const std::string& text) { return expand_compact("dim", text); }

}  // namespace

TEST_CASE("compact: a name starts at every upper-case letter (cases 25, 26, 27)", "[core]") {
  CHECK(dims("NxNyNz") == "Nx Ny Nz");
  CHECK(dims("A1B2Kx1Ky2") == "A1 B2 Kx1 Ky2");
  CHECK(dims("A10B") == "A10 B");
  CHECK(dims("") == "");
  CHECK(dims("()A()B") == "() A () B");
  CHECK(dims("(1)A(23)") == "(1) A (23)");
  CHECK(dims("A...") == "A ...");
  CHECK(dims("...A") == "... A");
  CHECK(dims("ab") == "ab");
  CHECK(dims("abC") == "ab C");
  CHECK(dims("MN,N->M") == "M N, N -> M");
  CHECK(dims("N'N,N->N'") == "N' N, N -> N'");
  CHECK(dims("A B") == "A B");
}

TEST_CASE("compact: what is no name is refused (case 28)", "[core]") {
  CHECK(error_text([] { (void)dims("1A"); }) ==
        "dim: a name begins with a letter, not with a digit\n"
        "  \"1A\"\n"
        "   ^^");
  CHECK_THAT(error_text([] { (void)dims("(A"); }),
             Catch::StartsWith("dim: a wildcard is '()' or '(1)', but 'A'"));
  CHECK_THAT(error_text([] { (void)dims("(1"); }),
             Catch::StartsWith("dim: a wildcard is '()' or '(1)', but the end"));
  CHECK_THAT(error_text([] { (void)dims("A=3"); }),
             Catch::StartsWith("dim: an extent has no place"));
}
