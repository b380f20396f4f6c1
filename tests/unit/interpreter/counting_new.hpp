// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Test switch of the global operator new of this executable: the n-th call from now on fails (0:
// the next), or every one from then on.  -1 switches off.  Counts on this thread only.
void fail_new_at(int64_t n, bool sticky) noexcept;
bool new_has_failed() noexcept;  // since the last fail_new_at
