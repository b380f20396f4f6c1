// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace lunops {

class Backend;

// What liblunops-cuda.so exports through lunops_module: the memory and the kernels of its devices.
// `device` is the number after "cuda:".  Functions throw lunops::Error where they say so.
struct DeviceModule {
  int (*devices)();
  Backend& (*backend)(int device);              // throws Error{device}
  void* (*allocate)(int device, size_t bytes);  // null if it does not fit
  void (*release)(int device, void* data) noexcept;
  size_t (*free_bytes)(int device);
};

}  // namespace lunops
