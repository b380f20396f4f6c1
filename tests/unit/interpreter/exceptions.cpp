// SPDX-License-Identifier: MIT
// Exception torture: each compute throws, again and again; heap and process stay flat.
#include <unistd.h>

#include <cstdio>

#include <catch2/catch.hpp>

#include "tests/unit/interpreter/bare_state.hpp"

using namespace lunops::lua;

namespace {

size_t resident_bytes() {
  long pages = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%ld %ld", &pages, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<size_t>(resident) * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

int64_t heap_bytes(lua_State* L) {
  // Boxes have finalisers, so their memory goes with the second collection.
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
  return lua_gc(L, LUA_GCCOUNT) * 1024LL + lua_gc(L, LUA_GCCOUNTB);
}

// Runs the example `count` times with each compute throwing; every run must fail.
void torture(BareState& bare, const Example& example, TestThrow what, int64_t count) {
  INFO(example.kind);
  lua_State* L = bare.lua();
  REQUIRE(bare.run(kPrepare) == LUA_OK);
  bare.state().test_throw = what;
  const auto once = [&] {
    lua_pushvalue(L, 1);
    const int status = lua_pcall(L, 0, 0, 0);
    if (status != LUA_OK) lua_settop(L, 1);
    return status;
  };
  lua_settop(L, 0);
  REQUIRE(luaL_loadstring(L, example.text) == LUA_OK);
  for (int i = 0; i < 500; ++i) once();
  const int64_t boxes = bare.state().live_boxes;
  const int64_t heap = heap_bytes(L);
  const size_t resident = resident_bytes();
  int64_t failures = 0;
  for (int64_t i = 0; i < count; ++i) failures += once() != LUA_OK ? 1 : 0;
  CHECK(failures == count);
  CHECK(heap_bytes(L) <= heap + 1024);
  CHECK(bare.state().live_boxes <= boxes);
#ifndef __SANITIZE_ADDRESS__
  // The sanitizer keeps freed blocks for a while.
  CHECK(resident_bytes() <= resident + (1 << 20));
#else
  (void)resident;
#endif
  bare.state().test_throw = TestThrow::none;
  CHECK(bare.result("return 1 + 1") == 2);
}

#ifdef __SANITIZE_ADDRESS__
constexpr int64_t kMany = 20'000;  // a throw is five times as slow there
#else
constexpr int64_t kMany = 1'000'000;
#endif

}  // namespace

TEST_CASE("a million exceptions through one record leave heap and process flat", "[exceptions]") {
  BareState bare;

  torture(bare, kEachKind[0], TestThrow::error, kMany);
}

TEST_CASE("each binding kind survives each kind of exception", "[exceptions]") {
  for (const Example& example : kEachKind) {
    // A property that is cached computes nothing, and a scope has no compute of its own.
    if (std::string(example.kind) == "property") continue;
    for (const TestThrow what :
         {TestThrow::error, TestThrow::memory, TestThrow::standard, TestThrow::other}) {
      BareState bare;
      torture(bare, example, what, 1000);
    }
  }
}
