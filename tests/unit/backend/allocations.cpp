// SPDX-License-Identifier: MIT
#include "tests/unit/backend/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<int64_t> count{0};
}

namespace lunops::testing {
int64_t allocations() noexcept { return count.load(); }
}  // namespace lunops::testing

// Replaces the plain forms; the array and nothrow ones end here.
void* operator new(std::size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
