// SPDX-License-Identifier: MIT
#include "runtime/plan/cost.hpp"

#include <algorithm>

#include "runtime/device/gpu_rates.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/virtual_devices.hpp"

namespace lunops {

double seconds_of(const Step& step, const DeviceProfile& profile) noexcept {
  const Work work = work_of(step);
  if (work == Work::group || step.has_own_time) return step.seconds;
  // The NUFFT's own model.
  if (step.seconds > 0) return step.seconds / profile.spreading;
  const double rate = work == Work::fft           ? profile.fft
                      : work == Work::contraction ? profile.contraction
                                                  : profile.flops;
  return std::max(step.flops / rate, step.bytes / profile.bytes);
}

double seconds_of(const Step& step) {
  // Simulated schedules are the same on every machine.
  if (virtual_devices()->clock) return seconds_of(step, DeviceProfile{});
  return seconds_of(step, *device_profile());
}

bool is_transfer(const Step& step) noexcept {
  return step.source >= 0 && step.source != step.device;
}

double transfer_bytes(const Step& step) noexcept {
  // A copy counts its bytes as read and as written.
  return step.bytes / 2;
}

namespace {

double seconds_on_gpu(const Step& step, const GpuRates& rates) {
  if (step.seconds > 0) return step.seconds;  // its kernels' own model
  const bool in_double = !step.refs.empty() && is_double(step.refs.front().view.dtype);
  const double flops = in_double ? rates.flops_double : rates.flops_single;
  return std::max({rates.launch, step.flops / flops, step.bytes / rates.bytes});
}

}  // namespace

double seconds_of(const Step& step, const std::vector<Device>& devices) {
  const auto given = virtual_devices();
  if (is_transfer(step)) {
    return given->link_latency + transfer_bytes(step) / given->link_bandwidth;
  }
  const Device device = devices[static_cast<size_t>(step.device)];
  if (device.is_host() || step.has_own_time) return seconds_of(step);
  if (is_gpu(device)) return seconds_on_gpu(step, gpu_rates(device));
  return seconds_of(step) / given->speed_of(device.index);
}

}  // namespace lunops
