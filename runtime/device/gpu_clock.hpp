// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <mutex>

#include "runtime/device/native.hpp"

namespace lunops {

// When events of GPUs happened, in seconds of the host's clock, so that all devices have one axis.
//
// Each clock of a GPU is tied to the host's by an event that the host records and waits for on a
// stream without other work: its time lies between the two looks at the host's clock around it, and
// the middle is taken.  So the times of one GPU are off by the same few microseconds, which order
// and durations there do not notice; between GPUs, and between a GPU and the host, those remain.
// That the clocks drift is left out.  Any thread.
class GpuClocks {
 public:
  static double host_seconds();  // from any origin

  // Once for each clock; later calls do nothing.  Does not wait for work of the GPU.
  void tie(Device gpu);
  // Waits until the event has happened, on a GPU that was tied before it was recorded.
  // Throws what work ended with, and Error{device} where the driver does not tell.
  double seconds_of(const NativeEvent& event);

 private:
  struct Base {
    NativeEvent event;
    double at = 0;  // host_seconds
  };

  std::mutex mutex_;
  std::map<int, Base> bases_;  // by clock
};

}  // namespace lunops
