// SPDX-License-Identifier: MIT
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <algorithm>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "runtime/plan/rewrite/rules.hpp"

using namespace lunops;

namespace {

// Of the table of operators.md, section 11.
constexpr int kRules = 29;

// Whether a text names rule number n, as in "R1, R2: …", and not one whose number begins so.
bool names(std::string_view text, int n) {
  const std::string id = fmt::format("R{}", n);
  for (size_t at = text.find(id); at != text.npos; at = text.find(id, at + 1)) {
    const size_t end = at + id.size();
    if (end == text.size() || text[end] < '0' || text[end] > '9') return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every rule of the table has a test of its name", "[plan]") {
  const auto& tests = Catch::getAllTestCasesSorted(*Catch::getCurrentContext().getConfig());
  for (int n = 1; n <= kRules; ++n) {
    CAPTURE(n);
    CHECK(std::any_of(tests.begin(), tests.end(),
                      [&](const Catch::TestCase& t) { return names(t.name, n); }));
  }
}

TEST_CASE("every rule of the table is a function, but for those that are the form of a product",
          "[plan]") {
  for (int n = 1; n <= kRules; ++n) {
    CAPTURE(n);
    const bool is_form = n == 1 || n == 4 || n == 28;
    const auto count = std::count_if(rules().begin(), rules().end(),
                                     [&](const Rule& r) { return names(r.id, n); });
    CHECK(count == (is_form ? 0 : 1));
  }
  for (const Rule& r : rules()) {
    CAPTURE(r.id);
    CHECK(r.apply != nullptr);
    CHECK(std::count_if(rules().begin(), rules().end(),
                        [&](const Rule& other) { return other.name == r.name; }) == 1);
  }
}
