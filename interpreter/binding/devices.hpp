// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "interpreter/binding/value.hpp"
#include "runtime/device/device.hpp"

namespace lunops::lua {

// The devices that a list means: {"cpu:0", "cpu:1"}, what lo.devices returns, or one name.  Throws
// Error{argument | device}, also for virtual devices that are not declared.
std::vector<Device> devices_of(std::string_view operation,
                               std::string_view option,
                               const Value& value);

// Bytes: a number, "6 GB" = 6e9, "6 GiB".  Throws Error{argument}.
size_t bytes_of(std::string_view operation, std::string_view option, const Value& value);

}  // namespace lunops::lua
