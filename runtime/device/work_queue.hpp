// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/device/device.hpp"

namespace lunops {

// The work of one stream of a device, in the order it was submitted, on a thread of its own; made
// at first use and kept for the process, so that no later call makes a thread.
//
// An item is a function and two words for it.  It must not throw and must not end the process; it
// may block, which holds back what comes after it in this queue.  Denormals are zero while it runs.
// Queues order nothing among themselves: that is what the items do.
class WorkQueue {
 public:
  struct Item {
    void (*run)(void* self, int64_t index) noexcept = nullptr;
    void* self = nullptr;
    int64_t index = 0;
  };

  // Any thread.  Returns at once and allocates nothing once the queue has grown to its longest.
  // Throws Error{forked} in the child of a fork, where the thread is missing.
  void submit(const Item& item);

  // Both throw Error{device} for a virtual device that is not declared.
  static WorkQueue& compute(Device device);                  // one for each device
  static WorkQueue& transfer(Device source, Device target);  // one for each ordered pair
  // Returns when what was submitted to any of them before is done.  Not from an item.
  static void wait_all();
  static int64_t count() noexcept;  // of all that exist, which is the number of their threads

  Device device() const noexcept { return target_; }  // where compute runs; of transfers the target
  Device source() const noexcept { return source_; }
  Device target() const noexcept { return target_; }
  bool is_transfer() const noexcept { return is_transfer_; }
  const std::string& name() const noexcept { return name_; }  // "cpu:1"; "cpu>1", "1>cpu", "0>1"

  WorkQueue(Device source, Device target, bool is_transfer);
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  // Runs what was submitted, then ends the thread.
  ~WorkQueue();

 private:
  struct State;
  Device source_, target_;
  bool is_transfer_;
  std::string name_;
  std::unique_ptr<State> state_;
};

}  // namespace lunops
