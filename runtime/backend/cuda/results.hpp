// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cstdint>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/device/graph.hpp"

namespace lunops::cuda {

// Numbers that a kernel leaves for the host, one for each batch element.
template <class T>
class Results {
 public:
  Results(int64_t count, const Stream& stream)
      : bytes_(static_cast<size_t>(count) * sizeof(T)),
        stream_(enter(stream)),
        memory_(bytes_, stream) {
    refuse_while_capturing("a number for the host");
  }

  template <class D>
  D* as() const noexcept {
    static_assert(sizeof(D) == sizeof(T));
    return memory_.as<D>();
  }
  // The host may look when the stream was waited for.
  void read(T* host) const {
    if (bytes_ == 0) return;
    check(cudaMemcpyAsync(host, memory_.as<void>(), bytes_, cudaMemcpyDeviceToHost, stream_),
          "cudaMemcpyAsync");
  }

 private:
  size_t bytes_;
  cudaStream_t stream_;
  Scratch memory_;
};

}  // namespace lunops::cuda
