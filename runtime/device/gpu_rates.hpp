// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/device/device.hpp"

namespace lunops {

// What turns flops and bytes of a GPU's kernels into seconds: what the driver says of its clocks
// and widths, times what kernels are taken to reach of it.  Nothing is measured.
struct GpuRates {
  double bytes = 0;         // of its memory, per second
  double flops_single = 0;  // per second; a multiply-add is two
  double flops_double = 0;
  double shared_bytes = 0;  // of the multiprocessors' shared memory, per second
  double launch = 0;        // s: the least that a kernel takes
};

// Throws Error{device} where there is no such GPU.
GpuRates gpu_rates(Device gpu);

}  // namespace lunops
