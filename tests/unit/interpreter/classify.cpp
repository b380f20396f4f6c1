// SPDX-License-Identifier: MIT
#include "interpreter/session/classify.hpp"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace lunops::lua;

namespace {

using Lua = std::unique_ptr<lua_State, void (*)(lua_State*)>;

void check_class(Input expected, const std::vector<std::string>& inputs) {
  const Lua L(luaL_newstate(), lua_close);
  for (const std::string& text : inputs) {
    INFO("input: " << text);
    const Input found = classify(L.get(), text, "=prompt");
    CHECK(found == expected);
    lua_settop(L.get(), 0);
  }
}

}  // namespace

TEST_CASE("what can be returned is an expression", "[session]") {
  check_class(Input::expression, {"", "-- c", "A", "A *\nB", "(A *\nB)", "(1 +\n2)", "f() -- c",
                                  "1,2,3", "x, y", "a.b", "a:b\"x\"", "1;", "f();"});
}

TEST_CASE("what runs but has no value is a statement", "[session]") {
  check_class(Input::statement, {"f()\ng()", "local x = 1", "local x <const>", "for i=1,3 do\nend",
                                 "return 1", "return", "::x::", "x = 1;"});
}

TEST_CASE("what could go on is incomplete", "[session]") {
  check_class(Input::incomplete, {"A *",
                                  "A.H *",
                                  "(A *",
                                  "(1 +",
                                  "1 +",
                                  "{1,",
                                  "#",
                                  "not",
                                  "a.",
                                  "a..",
                                  "a:b",
                                  "f(",
                                  "f{",
                                  "f[[abc",
                                  "f() g(",
                                  "x =",
                                  "x, y =",
                                  "x = [[ab",
                                  "x = \"abc\\",
                                  "x = \"abc\\z",
                                  "'abc\\",
                                  "[[",
                                  "--[[ c",
                                  "--[==[ c",
                                  "for i=1,3 do",
                                  "if x",
                                  "function f()",
                                  "local function",
                                  "local x <",
                                  "goto",
                                  "do local x = 1",
                                  "return A *",
                                  "function f() return 1 end f("});
}

TEST_CASE("what can never become right is an error at once", "[session]") {
  check_class(Input::error, {"x = \"abc", "\"abc", "a['", "x y", "= 1", "end", "break", "goto x",
                             "0x", "1e", "'\\q'", "#!/bin/sh", "while true do\nx = 'abc"});
}

TEST_CASE("only a last token ';' suppresses the echo", "[session]") {
  CHECK(ends_with_semicolon("x;"));
  CHECK(ends_with_semicolon("x; -- shown by nobody"));
  CHECK_FALSE(ends_with_semicolon("x -- ;"));
  CHECK_FALSE(ends_with_semicolon("';'"));
  CHECK_FALSE(ends_with_semicolon(""));
}
