// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "runtime/device/virtual_devices.hpp"

namespace lunops::test {

// Virtual devices for the length of a test; afterwards what was declared before holds again.
class Declared {
 public:
  explicit Declared(int cpu) : Declared(of(cpu)) {}
  explicit Declared(VirtualDevices devices) : before_(*virtual_devices()) {
    declare_virtual_devices(std::move(devices));
  }
  ~Declared() { declare_virtual_devices(before_); }
  Declared(const Declared&) = delete;
  Declared& operator=(const Declared&) = delete;

 private:
  static VirtualDevices of(int cpu) {
    VirtualDevices devices;
    devices.cpu = cpu;
    return devices;
  }
  VirtualDevices before_;
};

}  // namespace lunops::test
