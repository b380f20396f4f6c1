// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/device/context.hpp"
#include "runtime/plan/profile.hpp"

namespace lunops {

// Measures the host on one core, in about half a second: the median of several runs of each kind of
// kernel, after one that warms up.  Changes nothing.
DeviceProfile measure_device(Context& context);

}  // namespace lunops
