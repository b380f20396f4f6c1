// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/linop.hpp"

namespace lunops {

// Whether copies of weights may stay on the devices of a tiled operator between applications: each
// device has room for them beside what the tiles need there (splitting.md §3).  Where extents are
// open, half of a device is left to data.
bool weights_fit(const Linop& tiled, Device base, Context& context);

}  // namespace lunops
