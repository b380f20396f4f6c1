// SPDX-License-Identifier: MIT
#include "tests/unit/interpreter/counting_new.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local int64_t t_left = -1;
thread_local bool t_sticky = false;
thread_local bool t_failed = false;

void* allocate(size_t bytes) {
  if (t_left == 0) {
    t_failed = true;
    if (!t_sticky) t_left = -1;
    throw std::bad_alloc();
  }
  if (t_left > 0) --t_left;
  void* memory = std::malloc(bytes > 0 ? bytes : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void fail_new_at(int64_t n, bool sticky) noexcept {
  t_left = n;
  t_sticky = sticky;
  t_failed = false;
}
bool new_has_failed() noexcept { return t_failed; }

void* operator new(size_t bytes) { return allocate(bytes); }
void* operator new[](size_t bytes) { return allocate(bytes); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return allocate(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
