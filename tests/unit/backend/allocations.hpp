// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace lunops::testing {

// Calls of operator new in this process so far, from any thread.
int64_t allocations() noexcept;

}  // namespace lunops::testing
