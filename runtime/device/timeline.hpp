// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/device/device.hpp"
#include "runtime/device/gpu_clock.hpp"

namespace lunops {

// One piece of work as it was issued to a stream.
struct TimelineNode {
  enum class Kind : uint8_t { record, wait, copy, compute, host };
  // Bytes [first, last) of the memory of a device; `repeats` such pieces, `stride` bytes apart.
  struct Access {
    Device memory;
    uintptr_t first = 0, last = 0;
    bool writes = false;
    int64_t repeats = 1;
    uintptr_t stride = 0;
  };

  Kind kind = Kind::compute;
  std::string stream;  // "cpu", "cpu:1", "cpu>1"
  Device device;       // where compute and host run; the target of copies
  Device source;       // of copies
  int64_t event = -1;  // of record and wait
  std::string label;   // operator, or what is copied
  std::string tile;    // "coil=3..4", or empty
  std::vector<Access> accesses;
  double bytes = 0;  // of copies: moved; of compute: read and written
  // Seconds from any common origin; of the simulated clock where it runs.  Of work of GPUs when it
  // ran, which is known when the timeline is closed.
  double start = 0, stop = 0;
};

std::string_view name_of(TimelineNode::Kind kind) noexcept;

// Which nodes are meant: those that have all the values given here.
struct TimelineFilter {
  std::optional<TimelineNode::Kind> kind = {};
  std::optional<Device> device = {}, source = {};
  std::optional<std::string> stream = {}, label = {}, tile = {};
  std::optional<int64_t> event = {};

  bool matches(const TimelineNode& node) const;
};

// What was issued to the streams of all devices, in the order of issue: for tests of ordering and
// overlap, and to look at.  Thread-safe; the order of issue is that of the calls of add.
//
// While it records, work of GPUs stands between timed events on its stream.  Nobody waits for them
// before close(), which turns them into times.
class Timeline {
 public:
  // Seconds, or an event of a GPU that will tell.
  using Moment = std::variant<double, std::shared_ptr<const NativeEvent>>;

  // Returns the node's number, from 0.
  int64_t add(TimelineNode node);
  void set_times(int64_t node, double start, double stop);
  void set_times(int64_t node, const Moment& start, const Moment& stop);
  GpuClocks& clocks() noexcept { return clocks_; }
  // Waits for the work of GPUs and tells when it ran.  Throws what it ended with, and
  // Error{device} for a node whose times cannot be told.
  void close();

  std::vector<TimelineNode> nodes() const;
  int64_t count(const TimelineFilter& filter) const;
  // The time in which a node of each kind runs, as a fraction of that of the kind that runs less;
  // 0 if one of them takes no time.
  double overlap(const TimelineFilter& a, const TimelineFilter& b) const;

  struct Fault {
    int64_t first = -1, second = -1;  // nodes; `first` is -1 for a wait without a record
    TimelineNode::Access range;       // bytes that both touch
    std::string text;
  };
  // What is wrong with the order that streams and events alone give, whatever the times say: a wait
  // for an event that was not recorded before, and two accesses to one byte, at least one of them a
  // write, of which neither is ordered after the other.  Each pair of nodes is reported once.
  std::vector<Fault> check() const;

  // Streams as rows over time.
  std::string text() const;

 private:
  struct Open {
    int64_t node;
    Moment start, stop;
  };

  mutable std::mutex mutex_;
  std::vector<TimelineNode> nodes_;
  std::vector<Open> open_;  // nodes whose times are events
  GpuClocks clocks_;
};

}  // namespace lunops
