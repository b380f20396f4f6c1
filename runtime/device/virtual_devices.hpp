// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/device/device.hpp"

namespace lunops {

// The virtual devices of the process: parts of the host's memory and threads that behave like
// separate devices, so that splitting and placement run, and are tested, without a GPU; or parts of
// the GPUs that there are, each with a pool and streams of its own.
struct VirtualDevices {
  int cpu = 0;                   // cpu:0 … cpu:N-1 exist
  int cuda = 0;                  // cuda:0 … cuda:N-1 share the GPUs in turn; 0: one each
  size_t memory = 0;             // budget of each in bytes; 0: as the host's
  bool peer = true;              // false: copies between two of them go through the host in chunks
  bool clock = false;            // times come from the cost model, on a simulated clock
  double link_bandwidth = 1e10;  // bytes/s, of every link, for the clock
  double link_latency = 1e-5;    // s
  std::vector<double> speed = {};  // relative compute speed by device; 1 where it ends

  double speed_of(int index) const noexcept {
    return index >= 0 && static_cast<size_t>(index) < speed.size()
               ? speed[static_cast<size_t>(index)]
               : 1.0;
  }
  // "cpu=4,cuda=2,memory=64MB,peer=0,clock=1", as in LUNOPS_VIRTUAL_DEVICES.  Throws
  // Error{argument}.
  static VirtualDevices parse(std::string_view text);
};

// What holds now: what was declared last, before that LUNOPS_VIRTUAL_DEVICES, else none.
// LUNOPS_PEER=0 takes peer access away in any case.  A snapshot; thread-safe.
std::shared_ptr<const VirtualDevices> virtual_devices();
// Declares them anew.  Budgets reach accounts that are made afterwards.  A device that is no longer
// declared gives out no memory; tensors that lie there keep it.  Throws Error{argument} for values
// out of range.
void declare_virtual_devices(VirtualDevices devices);

// False for virtual devices that are not declared; of GPUs only their module knows.
bool is_declared(Device device);
// Throws Error{device} where is_declared is false.
void require_declared(Device device);

}  // namespace lunops
