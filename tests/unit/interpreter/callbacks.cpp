// SPDX-License-Identifier: MIT
// Callbacks that do the worst they can.
#include <catch2/catch.hpp>

#include "tests/unit/interpreter/bare_state.hpp"

using namespace lunops::lua;

namespace {

// The script returns 1 where all is as it should be.
void check_script(const char* text) {
  BareState bare;
  REQUIRE(bare.run(kPrepare) == LUA_OK);
  const int status = bare.run(text);
  if (status != LUA_OK) FAIL(luaL_tolstring(bare.lua(), -1, nullptr));
  CHECK(lua_tointegerx(bare.lua(), -1, nullptr) == 1);
  CHECK(bare.result("return 1 + 1") == 2);
}

}  // namespace

TEST_CASE("a callback may close every argument of the call", "[callbacks]") {
  check_script(R"(
    local b, M = lo.ones 'y=2 x=3', 2 * lo.Identity 'y x'
    local y = lo.cg(M, b, { on_iteration = function(it) M:close() b:close() it.x:close()
      collectgarbage() collectgarbage() end })
    return math.abs(y:sum().re - 3) < 1e-6 and 1 or 0)");
}

TEST_CASE("a callback gets back the very table that it raised", "[callbacks]") {
  check_script(R"(
    local mine = {}
    local ok, e = pcall(lo.cg, A, x, { on_iteration = function() error(mine) end })
    return not ok and rawequal(e, mine) and 1 or 0)");
}

TEST_CASE("a callback may raise nil", "[callbacks]") {
  check_script(R"(
    local ok, e = pcall(lo.cg, A, x, { on_iteration = function() error() end })
    return not ok and e == nil and 1 or 0)");
}

TEST_CASE("a callback that yields is a clean error", "[callbacks]") {
  check_script(R"(
    local ok, e = coroutine.resume(coroutine.create(function()
      lo.cg(A, x, { on_iteration = function() coroutine.yield() end }) end))
    return not ok and tostring(e):match 'yield across' and 1 or 0)");
}

TEST_CASE("false stops, and the iterate is dead afterwards", "[callbacks]") {
  check_script(R"(
    local w = lo.tensor({ 1, 2, 3, 4, 5, 6 }, 'x', { dtype = 'f64' })
    local kept
    local _, info = lo.cg(lo.Diagonal{ w }, lo.ones('x=6', { dtype = 'f64' }), { tol = 1e-14,
      on_iteration = function(it) kept = it.x return it.iteration < 3 end })
    local ok, e = pcall(function() return kept:sum() end)
    return info.reason == 'callback' and info.iterations == 3 and not ok
      and tostring(e):match 'it.x:clone%(%)' and 1 or 0)");
}

TEST_CASE("90 nested callbacks pass, 150 are a clean C stack overflow", "[callbacks]") {
  check_script(R"(
    local function nest(n)
      if n == 0 then return end
      lo.cg(A, x, { on_iteration = function() nest(n - 1) end })
    end
    local deep_enough = pcall(nest, 90)
    local ok, e = pcall(nest, 150)
    return deep_enough and not ok and tostring(e):match 'C stack overflow' and 1 or 0)");
}

TEST_CASE("the same solver may run inside its own callback", "[callbacks]") {
  check_script(R"(
    local inner
    lo.cg(A, x, { on_iteration = function() inner = lo.cg(A, x) end })
    return inner.count == 6 and 1 or 0)");
}

TEST_CASE("tensors of a scope are closed when it raises, and the error passes", "[callbacks]") {
  check_script(R"(
    local kept, mine = nil, {}
    local ok, e = pcall(lo.scope, function() kept = lo.ones 'x=3' error(mine) end)
    local closed, why = pcall(function() return kept:sum() end)
    return not ok and e == mine and not closed
      and tostring(why):match 'made inside lo.scope and not returned' and 1 or 0)");
}
