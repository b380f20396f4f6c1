// SPDX-License-Identifier: MIT
#include "runtime/plan/cost.hpp"

#include <algorithm>

#include "runtime/device/virtual_devices.hpp"

namespace lunops {

double seconds_of(const Step& step) noexcept {
  // Until rates are measured (splitting.md §9).
  constexpr double kFlopsPerSecond = 4e9, kBytesPerSecond = 1e10;
  if (step.seconds > 0) return step.seconds;
  return std::max(step.flops / kFlopsPerSecond, step.bytes / kBytesPerSecond);
}

bool is_transfer(const Step& step) noexcept {
  return step.source >= 0 && step.source != step.device;
}

double transfer_bytes(const Step& step) noexcept {
  // A copy counts its bytes as read and as written.
  return step.bytes / 2;
}

double seconds_of(const Step& step, const std::vector<Device>& devices) {
  const auto given = virtual_devices();
  if (is_transfer(step)) {
    return given->link_latency + transfer_bytes(step) / given->link_bandwidth;
  }
  const Device device = devices[static_cast<size_t>(step.device)];
  if (device.is_host() || step.has_own_time) return seconds_of(step);
  return seconds_of(step) / given->speed_of(device.index);
}

}  // namespace lunops
