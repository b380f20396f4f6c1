// SPDX-License-Identifier: MIT
#include "interpreter/session/session.hpp"

#include <catch2/catch.hpp>

#include "interpreter/session/check.hpp"
#include "tests/unit/interpreter/recording_sink.hpp"

using namespace lunops::lua;

namespace {

struct Prompt {
  RecordingSink sink;
  Session session{sink};

  std::string operator()(const std::string& text) {
    sink.results.clear();
    sink.diagnostics.clear();
    session.evaluate(text);
    return sink.results;
  }
};

}  // namespace

TEST_CASE("an expression shows its values, a statement nothing", "[session]") {
  Prompt prompt;

  CHECK(prompt("1 + 1") == "2\n");
  CHECK(prompt("1, 'a', nil") == "1\n\"a\"\nnil\n");
  CHECK(prompt("nil") == "");
  CHECK(prompt("x = 3") == "");
  CHECK(prompt("x;") == "");
  CHECK(prompt("return x") == "3\n");
}

TEST_CASE("strings are escaped, so control bytes never reach the terminal", "[session]") {
  Prompt prompt;

  CHECK(prompt("'a\\27[31m\\n'") == "\"a\\027[31m\\n\"\n");
}

TEST_CASE("tables are shown without running their metamethods, and cycles end", "[session]") {
  Prompt prompt;

  CHECK(prompt("local t = { 1 } t.t = t return t") == "{ 1, t = <table 1> }\n");
  CHECK(
      prompt("setmetatable({ a = 1 }, { __pairs = function() error 'run' end, __index = function() "
             "error 'run' end, __tostring = function() error 'run' end, __len = error })") ==
      "{ a = 1 }\n");
  CHECK(prompt.sink.diagnostics == "");
}

TEST_CASE("locals survive and are not globals", "[session]") {
  Prompt prompt;
  prompt("local x = 1");

  prompt("x = x + 1");

  CHECK(prompt("x") == "2\n");
  CHECK(prompt("_G.x") == "");
  CHECK(prompt("local function f() return x end") == "");
  CHECK(prompt("f()") == "2\n");
}

TEST_CASE("the first use of a kept local is remarked once", "[session]") {
  Prompt prompt;

  prompt("local x = 1; print(x)");
  CHECK(prompt.sink.notes == "");
  prompt("x + 1");
  prompt("x = 2");

  CHECK(prompt.sink.notes ==
        "locals of earlier entries act like globals of this session; functions made before keep "
        "their own\n");
}

TEST_CASE("a large ans is remarked, a small one is not", "[session]") {
  Prompt prompt;

  prompt("lo.empty 'x=8'");
  CHECK(prompt.sink.notes == "");
  prompt("lo.empty 'x=33554433'");

  CHECK(prompt.sink.notes ==
        "ans keeps 256.0 MiB of memory until another value is shown: Tensor c64 cpu "
        "{x=33554433} 256.0 MiB\n");
}

TEST_CASE("lo.time tells seconds, bytes and peak", "[session]") {
  Prompt prompt;

  prompt("lo.time(function() for i = 1, 3 do lo.zeros 'x=131072' end end)");

  CHECK(prompt.sink.diagnostics.find(" s, 3.0 MiB allocated in 3 tensors, peak ") !=
        std::string::npos);
}

TEST_CASE("chunks with goto or return and locals run unchanged", "[session]") {
  Prompt prompt;

  CHECK(prompt("local a = 1; return a") == "1\n");
  CHECK(prompt("do goto done end local b = 2 ::done::") == "");
  CHECK(prompt.sink.diagnostics == "");
}

TEST_CASE("ans is the last first value that is not nil", "[session]") {
  Prompt prompt;
  prompt("6 * 7");
  prompt("nil");

  CHECK(prompt("ans") == "42\n");
  CHECK(prompt("_G.ans") == "");
}

TEST_CASE("lo is there at the prompt and not in _G", "[session]") {
  Prompt prompt;

  CHECK(prompt("lo.zeros('x=2').shape") == "{x=2}\n");
  CHECK(prompt("_G.lo") == "");
}

TEST_CASE("an error shows its text, the line and an arrow, and the session goes on", "[session]") {
  Prompt prompt;

  prompt("error 'boo'");

  CHECK(prompt.sink.diagnostics ==
        "lunops: prompt[1]:1: boo\n  prompt[1]:1 in the main chunk\n  ->    1 | error 'boo'\n");
  CHECK(prompt("1") == "1\n");
}

TEST_CASE("an error in a recipe is shown at the line that called it", "[session]") {
  Prompt prompt;

  prompt("lo.mri.radial{ spokes = 3 }");

  CHECK(prompt.sink.diagnostics ==
        "lunops: radial: extent is missing; write extent = 256 or { y =, x = }\n"
        "  prompt[1]:1 in the main chunk\n  ->    1 | lo.mri.radial{ spokes = 3 }\n");
  CHECK(prompt("select(2, pcall(lo.mri.radial, {})).where") == "\"prompt[2]:1\"\n");
}

TEST_CASE("any value can be thrown", "[session]") {
  Prompt prompt;

  prompt("error()");
  CHECK(prompt.sink.diagnostics.substr(0, 30) == "lunops: error raised with nil\n");
  prompt("error(setmetatable({}, {__tostring = function() error 'x' end}))");
  CHECK(prompt.sink.diagnostics.substr(0, 34) == "lunops: error raised with a table\n");
}

TEST_CASE("outcomes tell what became of a text", "[session]") {
  Prompt prompt;

  CHECK(prompt.session.evaluate("x = ").kind == Outcome::Kind::incomplete);
  CHECK(prompt.session.evaluate("x y").kind == Outcome::Kind::unreadable);
  CHECK(prompt.session.evaluate("error 'x'").kind == Outcome::Kind::failed);
  const Outcome outcome = prompt.session.evaluate("lo.full('x=3', {})");
  CHECK(outcome.kind == Outcome::Kind::failed);
  CHECK(outcome.code == lunops::Code::argument);
}

TEST_CASE("an interrupt passes every pcall of the script", "[session]") {
  Prompt prompt;
  // The hook is set by the script itself here, as a signal handler would.
  lua_State* L = prompt.session.lua();
  lua_pushlightuserdata(L, &prompt.session);
  lua_pushcclosure(
      L,
      [](lua_State* l) {
        static_cast<Session*>(lua_touserdata(l, lua_upvalueindex(1)))->interrupt();
        return 0;
      },
      1);
  lua_setglobal(L, "press");
  const char* hidden[] = {
      "press() while true do end",
      "while true do pcall(function() press() while true do end end) end",
      "coroutine.wrap(function() press() while true do end end)()",
      "while true do coroutine.resume(coroutine.create(function() pcall(press) while true do end "
      "end)) end",
      "press() for i = 1, 1e9 do local t = lo.zeros 'x=4' end",
  };
  for (const char* text : hidden) {
    INFO(text);
    CHECK(prompt.session.evaluate(text).kind == Outcome::Kind::interrupted);
    CHECK(prompt("1 + 1") == "2\n");
  }
}

TEST_CASE("--check finds unknown names and unknown options without running anything", "[session]") {
  const auto findings = check_text(
      "local lo = require 'lunops'\n"
      "local A = lo.Dens{ 1 }\n"
      "local F = lo.FFT{ 'x -> k', nrom = 'ortho', extent = { whatever = 1 } }\n"
      "error 'never run'\n");

  REQUIRE(findings.size() == 2);
  CHECK(findings[0].line == 2);
  CHECK(findings[0].text == "lo has no 'Dens' (did you mean 'Dense'?)");
  CHECK(findings[1].line == 3);
  CHECK(findings[1].text == "FFT: unknown option 'nrom' (did you mean 'norm'?)");
  CHECK(check_text("x = ").size() == 1);
}
