// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/device/device.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

// The order of a plan's steps where several queues work at once (splitting.md §7, §8).
//
// Steps of one queue run in the plan's order.  What a step must wait for on other queues follows
// from the bytes that steps read and write, so no operator states it: a read comes after the write
// that it needs, a write after earlier reads and writes of the same bytes.  Waits that others imply
// are left out.
struct Schedule {
  // The applying thread, which has the host's work and what calls code of the host; the compute
  // stream of a device; or the transfer stream of an ordered pair.  Numbers of the plan's devices.
  struct Queue {
    enum class Kind : uint8_t { caller, compute, transfer };
    Kind kind = Kind::caller;
    int device = 0, source = -1;

    bool operator==(const Queue&) const = default;
  };
  struct Entry {
    int queue = 0;
    std::vector<int> waits;   // numbers of steps, or kStart
    bool is_awaited = false;  // by steps or at the end: it records an event
  };
  // The moment of the call: input and output are ready.
  static constexpr int kStart = -1;

  std::vector<Queue> queues;    // the first is the caller
  std::vector<Entry> entries;   // by step
  std::vector<int> last_waits;  // of the caller, when it has done its own steps
  bool is_start_awaited = false;

  bool is_sequential() const noexcept { return queues.size() == 1; }
  // What a simulated clock shows: start and stop of each step, where step i takes seconds[i].
  struct Times {
    std::vector<double> start, stop;
    double end = 0;
  };
  Times simulate(const std::vector<double>& seconds) const;
  // Leaves out one wait, counted over all steps in order: the fault that tests plant.
  void drop_wait(int number);
};

// What a step touches in memory.
struct Touch {
  const Ref* ref = nullptr;  // null: all of the bytes, perhaps
  Place place = Place::slot;
  int device = 0;               // of a slot
  int64_t first = 0, last = 0;  // bytes [first, last) of the place, the workspace for slots
  bool writes = false;
  bool is_dense = true;  // all of these bytes
};
std::vector<Touch> touches_of(const Step& step, const std::vector<SlotPlace>& slots);
// Whether two touches may have an element in common, of which one is written.
bool conflict(const Touch& a, const Touch& b);

Schedule make_schedule(const std::vector<std::unique_ptr<Step>>& steps,
                       const std::vector<SlotPlace>& slots,
                       const std::vector<Device>& devices);

}  // namespace lunops
