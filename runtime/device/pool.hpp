// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/device/device.hpp"

namespace lunops {

// A block of device memory, 64-byte aligned.
struct Block {
  std::byte* data = nullptr;
  size_t bytes = 0;     // as asked for
  size_t capacity = 0;  // as taken from the system
};

// Memory of one device: freed blocks are kept by size class and handed out again, so a loop that
// makes and drops tensors of equal sizes reaches the system once.  Thread-safe.
class Pool {
 public:
  // Process-wide, leaked on purpose.  Throws Error{device} where there is no such device.
  static Pool& of(Device device);

  struct Figures {
    size_t live = 0, cached = 0, peak = 0;
    uint64_t allocations = 0;  // requests
    uint64_t system = 0;       // requests that reached the system
  };
  // Throws Error{host_memory | device_memory} after giving back cached blocks and one retry, and
  // Error{device} for a virtual device that is declared no longer.
  Block allocate(size_t bytes);
  void release(Block block) noexcept;
  void trim() noexcept;  // gives cached blocks back to the system
  Figures figures() const;
  void reset_peak();
  // What a budget is by default: 80 % of the RAM that the process may use, 90 % of what a GPU has
  // free now.
  size_t memory_limit() const;

  // Test switch: the n-th allocation from now on fails (0: the next); -1 switches off.  Sticky: all
  // from then on.
  void fail_at(int64_t n, bool sticky) noexcept;

  explicit Pool(Device device);
  ~Pool();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lunops
