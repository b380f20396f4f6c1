// SPDX-License-Identifier: MIT
#include "runtime/core/error.hpp"

#include <catch2/catch.hpp>

using namespace lunops;

TEST_CASE("Error: what() is the operation, a colon and the message", "[core]") {
  try {
    fail(Code::shape, "compose", "extent of '{}' is {}", "x", 3);
  } catch (const Error& e) {
    CHECK(e.code() == Code::shape);
    CHECK(std::string(e.what()) == "compose: extent of 'x' is 3");
  }
}

TEST_CASE("Error: every code has a name, and only device and memory codes exit with 4", "[core]") {
  CHECK(name_of(Code::ok) == "ok");
  CHECK(name_of(Code::distributed) == "distributed");
  CHECK(exit_status(Code::device_memory) == 4);
  CHECK(exit_status(Code::shape) == 1);
}
