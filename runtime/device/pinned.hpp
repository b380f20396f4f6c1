// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace lunops {

// A little memory of the host that GPUs copy to without staging.  Locking it in its place takes
// longer than many a kernel, so small pieces are kept for the next one.
class PinnedMemory {
 public:
  explicit PinnedMemory(size_t bytes);
  ~PinnedMemory();  // nobody copies to it any more
  PinnedMemory(const PinnedMemory&) = delete;
  std::byte* data() const noexcept { return data_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_;
};

}  // namespace lunops
