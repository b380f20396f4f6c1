// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "runtime/linop/core.hpp"

namespace lunops {

// From where to where a ToDevice moves data in its mode.
struct DeviceMove {
  Device source, target;
};
// Nothing if the node is no ToDevice or renames it.
std::optional<DeviceMove> as_to_device(const Node& node) noexcept;

}  // namespace lunops
