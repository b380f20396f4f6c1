// SPDX-License-Identifier: MIT
// Failing allocators, for one record of each binding kind (lua-host §1.5).
#include <catch2/catch.hpp>

#include "interpreter/binding/failure.hpp"
#include "runtime/device/pool.hpp"
#include "tests/unit/interpreter/bare_state.hpp"
#include "tests/unit/interpreter/counting_new.hpp"

using namespace lunops;
using namespace lunops::lua;

namespace {

// The error on the stack says that memory ran out.
bool is_memory_error(lua_State* L, int status) {
  if (status == LUA_ERRMEM) return true;
  const Code code = code_of(L, -1);
  return code == Code::host_memory;
}

// Fails allocation 0, 1, 2 … of Lua until a run meets none.
void sweep_lua(BareState& bare, const Example& example, int64_t failures) {
  for (int64_t n = 0;; ++n) {
    REQUIRE(n < 20000);
    const int64_t before = bare.collected_boxes();
    bare.fail_at(n, failures);
    const int status = bare.run(example.text);
    const bool met_none = bare.failed() == 0;
    bare.fail_at(-1, 0);
    if (met_none) {
      REQUIRE(status == LUA_OK);
      return;
    }
    INFO(example.kind << ", allocation " << n);
    if (status != LUA_OK) REQUIRE(is_memory_error(bare.lua(), status));
    REQUIRE(bare.collected_boxes() <= before);
    REQUIRE(bare.result("return 1 + 1") == 2);
  }
}

}  // namespace

TEST_CASE("two failed allocations of Lua in a row are a memory error and leave no owner",
          "[allocation]") {
  for (const Example& example : kEachKind) {
    BareState bare;
    REQUIRE(bare.run(kPrepare) == LUA_OK);
    bare.run(example.text);  // caches of properties are made once
    sweep_lua(bare, example, 2);
  }
}

TEST_CASE("when every allocation of Lua fails from one on, the state stays usable",
          "[allocation]") {
  for (const Example& example : kEachKind) {
    BareState bare;
    REQUIRE(bare.run(kPrepare) == LUA_OK);
    bare.run(example.text);
    sweep_lua(bare, example, INT64_MAX);
  }
}

TEST_CASE("a failing operator new is a memory error and leaves no owner", "[allocation]") {
  for (const bool sticky : {false, true}) {
    for (const Example& example : kEachKind) {
      BareState bare;
      REQUIRE(bare.run(kPrepare) == LUA_OK);
      bare.run(example.text);
      for (int64_t n = 0;; ++n) {
        REQUIRE(n < 20000);
        const int64_t before = bare.collected_boxes();
        fail_new_at(n, sticky);
        const int status = bare.run(example.text);
        const bool met_none = !new_has_failed();
        fail_new_at(-1, false);
        if (met_none) {
          REQUIRE(status == LUA_OK);
          break;
        }
        INFO(example.kind << ", operator new " << n << (sticky ? ", sticky" : ""));
        if (status != LUA_OK) REQUIRE(is_memory_error(bare.lua(), status));
        REQUIRE(bare.collected_boxes() <= before);
        REQUIRE(bare.result("return 1 + 1") == 2);
      }
    }
  }
}

TEST_CASE("a pool without memory is an error that a script can catch", "[allocation]") {
  BareState bare;
  Pool& pool = Pool::of(Device::host());
  pool.trim();

  pool.fail_at(0, true);
  const int64_t caught = bare.result(
      "local ok, e = pcall(lo.zeros, 'x=1048576') return (not ok and e.code == 'host_memory') and "
      "1 or 0");
  pool.fail_at(-1, false);

  CHECK(caught == 1);
  CHECK(bare.result("return lo.zeros('x=1048576').count") == 1048576);
}
