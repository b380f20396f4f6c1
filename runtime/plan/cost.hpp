// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/device/device.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

// On one core: what the step says, else by sustained rates of elementwise and contraction kernels.
double seconds_of(const Step& step) noexcept;
// On its device: a compute step by the device's speed, a transfer by the link's bandwidth and
// latency.
double seconds_of(const Step& step, const std::vector<Device>& devices);
bool is_transfer(const Step& step) noexcept;
// Bytes that a transfer moves.
double transfer_bytes(const Step& step) noexcept;

}  // namespace lunops
