// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/backend/random.hpp"

using namespace lunops;

TEST_CASE("philox: the published known answers of Philox 4x32-10", "[backend]") {
  // Random123's known-answer vector for counter 0 and key 0 (Salmon et al., SC'11, supplement).
  CHECK(philox(0, 0) == std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
}
