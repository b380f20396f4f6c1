// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace lunops {

// Sustained rates of one core of the host: what turns flops and bytes of steps into seconds
// (splitting.md §9).  The initial values are the constants of the device class, so that machines
// that nobody measured decide alike.
struct DeviceProfile {
  double flops = 4e9;        // per second: elementwise kernels
  double contraction = 4e9;  // flops per second of contractions
  double fft = 4e9;          // flops per second of FFTs, counted as 5 n log2 n
  double bytes = 1e10;       // per second
  double spreading = 1;      // speed of NUFFTs, against the model of nufft/cost.hpp
  bool is_measured = false;

  // "flops 4.1e9" and so on, a line each; parse(text()) is the same profile.
  std::string text() const;
  // Throws Error{argument} for what is no profile.
  static DeviceProfile parse(std::string_view text);
  bool operator==(const DeviceProfile&) const = default;
};

// The one that planning takes: what was set last, before that what lo.calibrate() left in the
// user's cache folder, else the constants.  A file that is no profile counts as none.  With a
// simulated clock the constants hold in any case.  A snapshot; thread-safe.
std::shared_ptr<const DeviceProfile> device_profile();
void set_device_profile(DeviceProfile profile);

// Of this processor, in the cache folder; empty without one.
std::string profile_path();
// Throws Error{file} if it cannot be written.
void save_device_profile(const DeviceProfile& profile);

}  // namespace lunops
