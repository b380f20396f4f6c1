// SPDX-License-Identifier: MIT
// Runs the example of every record and compares what it prints with the text after -->.
#include <sstream>

#include <catch2/catch.hpp>

#include "interpreter/binding/articles.hpp"
#include "interpreter/session/session.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/interpreter/recording_sink.hpp"

using namespace lunops::lua;

namespace {

std::vector<std::string> expected_lines(const std::string& example) {
  std::vector<std::string> lines;
  std::istringstream text(example);
  for (std::string line; std::getline(text, line);)
    if (const size_t at = line.find("--> "); at != std::string::npos)
      lines.push_back(line.substr(at + 4));
  return lines;
}

// `…` at the end matches anything.
bool matches(const std::string& expected, const std::string& found) {
  const size_t dots = expected.find("…");
  if (dots == std::string::npos) return expected == found;
  return found.substr(0, dots) == expected.substr(0, dots);
}

int collect_print(lua_State* L) {
  auto& sink = *static_cast<RecordingSink*>(lua_touserdata(L, lua_upvalueindex(1)));
  const int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    sink.results += i > 1 ? "\t" : "";
    sink.results += luaL_tolstring(L, i, nullptr);
    lua_pop(L, 1);
  }
  sink.results += "\n";
  return 0;
}

}  // namespace

TEST_CASE("every record has a summary and an example, and the example runs as it says",
          "[records]") {
  const lunops::test::Declared cpus(2);
  for (const Article& article : articles()) {
    INFO(article.name);
    CHECK_FALSE(article.summary.empty());
    CHECK_FALSE(article.returns.empty());
    REQUIRE_FALSE(article.example.empty());
    RecordingSink sink;
    Session session(sink);
    lua_pushlightuserdata(session.lua(), &sink);
    lua_pushcclosure(session.lua(), collect_print, 1);
    lua_setglobal(session.lua(), "print");

    const Outcome outcome =
        session.run_text("local lo = require 'lunops'\n" + article.example, "=example");

    INFO(sink.diagnostics);
    CHECK(outcome.kind == Outcome::Kind::done);
    std::vector<std::string> expected = expected_lines(article.example);
    std::istringstream printed(sink.results);
    std::vector<std::string> found;
    for (std::string line; std::getline(printed, line);) found.push_back(line);
    // A last line `…` stands for any number of lines.
    if (!expected.empty() && expected.back() == "…" && found.size() >= expected.size()) {
      expected.pop_back();
      found.resize(expected.size());
    }
    CHECK(found.size() == expected.size());
    for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i)
      if (!matches(expected[i], found[i])) CHECK(found[i] == expected[i]);
  }
}
