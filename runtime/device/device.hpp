// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace lunops {

enum class DeviceKind : uint8_t { cpu, cuda };

// Where memory lies and work runs.  "cpu" is the host; "cpu:0", "cpu:1" … are virtual devices;
// "cuda:0" … are GPUs.
struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int16_t index = -1;  // -1: the host

  static Device host() noexcept { return {}; }
  static Device parse(std::string_view text);  // throws Error{device} for text that names no device
  bool is_host() const noexcept { return kind == DeviceKind::cpu && index < 0; }
  std::string text() const;
  // Any order, for tables.
  auto operator<=>(const Device&) const = default;
};

}  // namespace lunops
