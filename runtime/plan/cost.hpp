// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/device/device.hpp"
#include "runtime/plan/profile.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

// What a step does most of its time, for the rate that counts.
enum class Work : uint8_t { elementwise, contraction, fft, group };
Work work_of(const Step& step) noexcept;

// On one core: what the step says, else by the sustained rates of the profile.
double seconds_of(const Step& step, const DeviceProfile& profile) noexcept;
double seconds_of(const Step& step);  // by device_profile()
// On its device: a compute step by the device's speed or, on a GPU, its rates, a transfer by the
// link's bandwidth and latency.
double seconds_of(const Step& step, const std::vector<Device>& devices);
bool is_transfer(const Step& step) noexcept;
// Bytes that a transfer moves.
double transfer_bytes(const Step& step) noexcept;

}  // namespace lunops
