// SPDX-License-Identifier: MIT
// lo.Custom: functions of a script inside operators of the runtime.
#include <thread>

#include <catch2/catch.hpp>

#include "interpreter/binding/box.hpp"
#include "interpreter/binding/types.hpp"
#include "interpreter/session/session.hpp"
#include "tests/unit/interpreter/bare_state.hpp"
#include "tests/unit/interpreter/recording_sink.hpp"

using namespace lunops::lua;

namespace {

const char* const kDouble = R"(
  calls = 0
  function twice(x) calls = calls + 1 return 2 * x end
  A = lo.Custom{ 'x -> x', apply = twice, adjoint = twice, name = 'warp' }
  x = lo.ones 'x=6')";

// The script returns 1 where all is as it should be.
void check_script(const char* text) {
  BareState bare;
  REQUIRE(bare.run(kDouble) == LUA_OK);
  const int status = bare.run(text);
  if (status != LUA_OK) FAIL(luaL_tolstring(bare.lua(), -1, nullptr));
  CHECK(lua_tointegerx(bare.lua(), -1, nullptr) == 1);
  CHECK(bare.result("return 1 + 1") == 2);
}

lunops::Linop operator_of(BareState& bare, const char* text) {
  REQUIRE(bare.run(text) == LUA_OK);
  return box_at<lunops::Linop>(bare.lua(), -1)->value();
}

}  // namespace

TEST_CASE("a Custom of Lua functions is an operator like others", "[custom]") {
  check_script(R"(
    local n = (A.N + lo.Identity 'x')(x):sum().re
    local y = lo.cg(A.N, x)
    return n == 30 and math.abs(y:sum().re - 1.5) < 1e-6 and 1 or 0)");
}

TEST_CASE("an error inside a Custom is the very value that was raised", "[custom]") {
  check_script(R"(
    local mine = {}
    local B = lo.Custom{ 'x -> x', apply = function() error(mine) end, check = false }
    local ok, e = pcall(function() return (2 * B)(x) end)
    local fine, e2 = pcall(lo.cg, B + lo.Identity 'x', x)
    return not ok and rawequal(e, mine) and not fine and rawequal(e2, mine) and 1 or 0)");
}

TEST_CASE("a Custom that returns no tensor says what it returned", "[custom]") {
  check_script(R"(
    local B = lo.Custom{ 'x -> x', apply = function() end, check = false, name = 'none' }
    local ok, e = pcall(function() return B(x) end)
    return not ok and tostring(e) == "Custom 'none': apply returned nil; it must return a tensor"
      and e.code == 'argument' and 1 or 0)");
}

TEST_CASE("a closed result of a Custom is an error", "[custom]") {
  check_script(R"(
    local B = lo.Custom{ 'x -> x', check = false,
      apply = function(x) local y = 2 * x y:close() x:close() return y end }
    local ok, e = pcall(function() return B(x) end)
    return not ok and tostring(e):match 'apply returned a closed tensor' and 1 or 0)");
}

TEST_CASE("a Custom may close the operator that is being applied, and collect", "[custom]") {
  check_script(R"(
    local B
    B = lo.Custom{ 'x -> x', check = false, apply = function(x)
      if B then B:close() B = nil end
      collectgarbage() collectgarbage()
      return 3 * x end }
    return B(x):sum().re == 18 and 1 or 0)");
}

TEST_CASE("a Custom applied in a coroutine works, and yielding inside is a clean error",
          "[custom]") {
  check_script(R"(
    local co = coroutine.wrap(function() coroutine.yield(A(x):sum().re) return A(x):sum().re end)
    local first, second = co(), co()
    local B = lo.Custom{ 'x -> x', check = false, apply = function(x) coroutine.yield() end }
    local ok, e = coroutine.resume(coroutine.create(function() return B(x) end))
    return first == 12 and second == 12 and not ok and tostring(e):match 'yield across' and 1 or 0)");
}

TEST_CASE("60 Customs may nest, 150 are a clean C stack overflow", "[custom]") {
  check_script(R"(
    local function nest(n)
      if n == 0 then return lo.Identity 'x' end
      local inner = nest(n - 1)
      return lo.Custom{ 'x -> x', apply = function(x) return inner(x) end, check = false }
    end
    local y = nest(60)(x)
    local ok, e = pcall(function() return nest(150)(x) end)
    return y:sum().re == 6 and not ok and tostring(e):match 'C stack overflow' and 1 or 0)");
}

TEST_CASE("functions of a Custom that is gone are collected", "[custom]") {
  check_script(R"(
    local weak = setmetatable({}, { __mode = 'k' })
    do
      local f = function(x) return x end
      weak[f] = true
      local B = lo.Custom{ 'x -> x', apply = f, adjoint = f }
      B.N(x)
    end
    for _ = 1, 3 do collectgarbage() lo.memory() end
    return next(weak) == nil and 1 or 0)");
}

TEST_CASE("a cycle through a function is undone by closing the operator", "[custom]") {
  check_script(R"(
    local weak = setmetatable({}, { __mode = 'k' })
    do
      local B
      local f = function(x) return B and x end
      weak[f] = true
      B = lo.Custom{ 'x -> x', apply = f, adjoint = f }
      B(x)
      B:close()
    end
    for _ = 1, 3 do collectgarbage() lo.memory() end
    return next(weak) == nil and 1 or 0)");
}

TEST_CASE("split of a Custom is Lua too, and its errors pass", "[custom]") {
  check_script(R"(
    local w = lo.tensor({ 1, 2, 3, 4, 5, 6 }, 'x')
    local function times(w) return function(x) return w * x end end
    local seen
    local B = lo.Custom{ 'x -> x', extent = { x = 6 }, cuts = 'x',
      apply = times(w), adjoint = times(w),
      split = function(tile)
        seen = tile.x
        local part = w{ x = tile.x }
        return { apply = times(part), adjoint = times(part) }
      end }
    local tiles = lo.split and lo.split(B, { x = 4 })
    if not tiles then return 1 end
    local y = tiles[2].op(lo.ones 'x=2')
    return seen[1] == 5 and seen[2] == 6 and y:sum().re == 11 and 1 or 0)");
}

TEST_CASE("options of Custom are checked", "[custom]") {
  check_script(R"lua(
    local function text(t) local ok, e = pcall(lo.Custom, t) return tostring(e) end
    return text{ 'x', aply = twice } == "Custom: unknown option 'aply' (did you mean 'apply'?)"
      and text{ 'x' } == "Custom: apply is missing; give the function that applies the operator"
      and text{ 'x', apply = 3 }:match "option 'apply' must be a function, got number"
      and text{ 'x', apply = twice, field = 'both' }
        == 'Custom: option \'field\' is "complex" or "real", got "both"'
      and 1 or 0)lua");
}

TEST_CASE("a Custom outlives its state and then says so", "[custom]") {
  lunops::Linop a;
  {
    BareState bare;
    REQUIRE(bare.run(kDouble) == LUA_OK);
    a = operator_of(bare, "return A");
  }
  lunops::Context context;
  const lunops::Tensor x = lunops::zeros(lunops::Shape::parse("x=6"), lunops::DType::c64, context);

  CHECK_THROWS_WITH(a(x, context), "Custom 'warp': the Lua state of its functions is closed");
}

TEST_CASE("a Custom refuses threads that are not inside its state", "[custom]") {
  BareState bare;
  REQUIRE(bare.run(kDouble) == LUA_OK);
  const lunops::Linop a = operator_of(bare, "return A");
  std::string text;

  std::thread([&] {
    lunops::Context context;
    const auto x = lunops::zeros(lunops::Shape::parse("x=6"), lunops::DType::c64, context);
    try {
      a(x, context);
    } catch (const lunops::Error& e) {
      text = e.what();
    }
  }).join();

  CHECK(text ==
        "Custom 'warp': its functions are Lua code, which runs only where its own state applies "
        "the operator");
}

TEST_CASE("the last reference to a function may go on another thread", "[custom]") {
  BareState bare;
  REQUIRE(bare.run(R"(
    weak = setmetatable({}, { __mode = 'k' })
    local f = function(x) return x end
    weak[f] = true
    B = lo.Custom{ 'x -> x', apply = f })") == LUA_OK);
  lunops::Linop a = operator_of(bare, "return B");
  REQUIRE(bare.run("B:close() B = nil") == LUA_OK);

  std::thread([gone = std::exchange(a, lunops::Linop())]() mutable {
    gone = lunops::Linop();
  }).join();

  CHECK(bare.result("for _ = 1, 3 do collectgarbage() lo.memory() end "
                    "return next(weak) == nil and 1 or 0") == 1);
}

TEST_CASE("an uncaught error inside a Custom shows the lines inside it", "[custom]") {
  RecordingSink sink;
  Session session(sink);

  const Outcome outcome = session.run_text(
      "local lo = require 'lunops'\n"
      "local function deep() error 'too deep' end\n"
      "local A = lo.Custom{ 'x -> x', apply = function(x)\n"
      "  deep()\n"
      "end, check = false }\n"
      "A(lo.ones 'x=2')\n",
      "=script");

  CHECK(outcome.kind == Outcome::Kind::failed);
  CHECK(sink.diagnostics.find("script:2: too deep") != std::string::npos);
  CHECK(sink.diagnostics.find("script:4 in ") != std::string::npos);
  CHECK(sink.diagnostics.find("script:6 in the main chunk") != std::string::npos);
}
