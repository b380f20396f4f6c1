// SPDX-License-Identifier: MIT
#include "runtime/core/match.hpp"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "tests/unit/core/error_text.hpp"

using namespace lunops;

namespace {

std::string show(const MatchBindings& bindings) {
  std::string text;
  if (bindings.rest) text += fmt::format("...={};", *bindings.rest);
  for (const auto& [number, bound] : bindings.numbered)
    text += fmt::format("({})={};", number, bound);
  for (const std::string& bound : bindings.anonymous) text += fmt::format("()={};", bound);
  return text;
}

struct Row {
  const char* p;
  const char* q;
  const char* bound_p;
  const char* bound_q;
};

}  // namespace

TEST_CASE("match: every row that matches, both ways round (case 29)", "[core]") {
  const Row rows[] = {
      {"a b", "a b", "", ""},
      {"a c", "...", "", "...=a c;"},
      {"a b c", "a ... c", "", "...=b;"},
      {"a ... c", "a b1 b2 c", "...=b1 b2;", ""},
      {"a b", "a ()", "", "()=b;"},
      {"...", "", "...=;", ""},
      {"... a", "a", "...=;", ""},
      {"(1) (2)", "a b", "(1)=a;(2)=b;", ""},
      {"a ...", "a", "...=;", ""},
      {"a ... b", "a b", "...=;", ""},
      {"(1) (1)", "(2) a", "(1)=a;", "(2)=a;"},
      {"... x", "... coil x", "...=... coil;", "...=...;"},
      {"a ...", "a b ... c", "...=b ... c;", "...=...;"},
      {"a", "a'", "", ""},
      {"(1) x", "() x", "(1)=();", "()=(1);"},
  };
  for (const Row& row : rows) {
    INFO(row.p << " | " << row.q);
    const MatchResult forward = match(row.p, row.q);
    const MatchResult backward = match(row.q, row.p);
    CHECK(forward.is_match);
    CHECK(show(forward.p) == row.bound_p);
    CHECK(show(forward.q) == row.bound_q);
    CHECK(backward.is_match);
    CHECK(show(backward.p) == row.bound_q);
    CHECK(show(backward.q) == row.bound_p);
  }
}

TEST_CASE("match: every row that does not match says why (case 29)", "[core]") {
  const auto reason = [](const char* p, const char* q) {
    CHECK_FALSE(match(q, p).is_match);
    return match(p, q).reason;
  };
  CHECK(reason("a c", "a") == "2 dims against 1");
  CHECK(reason("a c", "") == "2 dims against 0");
  CHECK(reason("... a c", "b c") == "'a' against 'b'");
  CHECK(reason("a", "() ()") == "1 dim against 2");
  CHECK(reason("a", "a1") == "'a' against 'a1'");
  CHECK(reason("a b", "b a") == "'a' against 'b'");
  CHECK(reason("... a", "") == "0 dims, at least 1 needed");
  CHECK(reason("(1) (1)", "a b") == "'(1)' is 'a', then 'b'");
  CHECK(reason("... a", "b ...") == "ambiguous batch dims; name them");
}

TEST_CASE("match: '...' twice is a parse error (case 29)", "[core]") {
  CHECK(error_text([] { (void)match("... b ...", "b"); }) ==
        "match: '...' stands twice in the pattern; a side may have it once\n"
        "  \"... b ...\"\n"
        "         ^^^");
  CHECK_THAT(error_text([] { (void)match("... a", "... a c ..."); }),
             Catch::StartsWith("match: '...' stands twice"));
}
