// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/device/held.hpp"

namespace lunops::cuda {

// For planning: `host` was read when this returns.
template <class T>
void upload(const T* host, int64_t count, T* to, const Stream& stream) {
  if (count == 0) return;
  check(cudaMemcpyAsync(to, host, static_cast<size_t>(count) * sizeof(T), cudaMemcpyHostToDevice,
                        enter(stream)),
        "cudaMemcpyAsync");
  // Memory that is pinned, or that the GPU reads where it lies, would be read later.
  check(cudaStreamSynchronize(enter(stream)), "cudaStreamSynchronize");
}

// An array of the host in memory of the device that is kept.
template <class T>
HeldArray<T> uploaded(const std::vector<T>& host, const char* what, const Stream& stream) {
  HeldArray<T> made(static_cast<int64_t>(host.size()), what, stream);
  upload(host.data(), made.size(), made.data(), stream);
  return made;
}

}  // namespace lunops::cuda
