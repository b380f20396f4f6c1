// SPDX-License-Identifier: MIT
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// What every thread of the runtime that runs kernels does.
namespace lunops {

// One turn of a loop that waits for another thread.
inline void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Denormals become zero while items run, on whichever thread: decaying iterates would otherwise be
// tens of times slower, and a result would depend on which thread computed it.
class FlushToZero {
 public:
#if defined(__x86_64__)
  FlushToZero() noexcept : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040U); }
  ~FlushToZero() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#else
  FlushToZero() noexcept {}
#endif
};

}  // namespace lunops
