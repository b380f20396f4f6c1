// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "interpreter/binding/entry.hpp"
#include "runtime/device/timeline.hpp"

namespace lunops::lua {

// What lo.timeline returns.
using TimelineHandle = std::shared_ptr<Timeline>;

template <>
struct Boxed<TimelineHandle> {
  static const BoxType type;
  static constexpr int user_values = 1;  // cache of properties
};

}  // namespace lunops::lua
