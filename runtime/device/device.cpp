// SPDX-License-Identifier: MIT
#include "runtime/device/device.hpp"

#include <charconv>

#include "runtime/core/error.hpp"

namespace lunops {

Device Device::parse(std::string_view text) {
  if (text == "cpu") return host();
  if (text == "cuda") return {DeviceKind::cuda, 0};
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  if (colon != std::string_view::npos && (kind == "cpu" || kind == "cuda")) {
    const std::string_view digits = text.substr(colon + 1);
    int16_t index = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error == std::errc() && end == digits.data() + digits.size() && index >= 0) {
      return {kind == "cpu" ? DeviceKind::cpu : DeviceKind::cuda, index};
    }
  }
  fail(Code::device, "device",
       "'{}' is not a device; write \"cpu\", \"cuda:0\", or \"cpu:0\" for a virtual device", text);
}

std::string Device::text() const {
  const std::string_view name = kind == DeviceKind::cpu ? "cpu" : "cuda";
  return index < 0 ? std::string(name) : fmt::format("{}:{}", name, index);
}

}  // namespace lunops
