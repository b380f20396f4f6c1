// SPDX-License-Identifier: MIT
#include "interpreter/session/scanner.hpp"

#include <catch2/catch.hpp>

#include "interpreter/session/session.hpp"

using namespace lunops::lua;

namespace {

using Names = std::vector<std::string>;

Names words(std::string_view text) {
  Names found;
  Scanner scanner(text);
  for (Token token = scanner.next(); token.kind != TokenKind::end; token = scanner.next())
    found.emplace_back(token.text);
  return found;
}

}  // namespace

TEST_CASE("the scanner keeps strings and long brackets whole and skips comments", "[session]") {
  CHECK(words("a.b = 'x y' -- c") == Names{"a", ".", "b", "=", "'x y'"});
  CHECK(words("f[==[ ]] ]==] --[[ x\n ]] 1e-3") == Names{"f", "[==[ ]] ]==]", "1e-3"});
  CHECK(words("x == 1 .. 2 ... ::a::") == Names{"x", "==", "1", "..", "2", "...", "::", "a", "::"});
}

TEST_CASE("the scanner ends on unfinished text", "[session]") {
  CHECK(words("'abc") == Names{"'abc"});
  CHECK(words("[[abc") == Names{"[[abc"});
  CHECK(words("x = \"a\\") == Names{"x", "=", "\"a\\"});
  CHECK(words("--[[") == Names{});
}

TEST_CASE("locals at depth 0 are kept", "[session]") {
  CHECK(outer_locals("local x = 1") == Names{"x"});
  CHECK(outer_locals("local a <const>, b = 1, 2") == Names{"a", "b"});
  CHECK(outer_locals("local x <close> = f()") == Names{});
  CHECK(outer_locals("do local x = 1 end local y") == Names{"y"});
  CHECK(outer_locals("for i = 1, 3 do local z end local y") == Names{"y"});
  CHECK(outer_locals("while a do local z end local y") == Names{"y"});
  CHECK(outer_locals("if a then local p elseif b then local q else local r end local y") ==
        Names{"y"});
  CHECK(outer_locals("repeat local z until z local y") == Names{"y"});
  CHECK(outer_locals("local function f() local z end local y") == Names{"f", "y"});
  CHECK(outer_locals("local f = function() local z end local y") == Names{"f", "y"});
  CHECK(outer_locals("local x = 1; local x = 2") == Names{"x"});
}

TEST_CASE("a chunk that declares _ENV keeps nothing", "[session]") {
  CHECK(outer_locals("local x, _ENV = 1, {}") == Names{});
}

TEST_CASE("prompts of a pasted transcript are stripped, old output is dropped", "[session]") {
  CHECK(without_prompts("> x = 1\n> x\n1") == "x = 1\nx");
  CHECK(without_prompts("> f(\n>> 1)\n2") == "f(\n1)");
  CHECK(without_prompts("x > 1") == "x > 1");
}
