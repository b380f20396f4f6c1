// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "runtime/linop/nufft/constructors.hpp"

namespace lunops {

// The NUFFTs that functional calls made last, so that a loop does not sort its points again: the 16
// used last, by trajectory (storage, version and view), string and options.  For one thread.
class NufftCache {
 public:
  static constexpr size_t kMost = 16;

  Linop find(const Tensor& trajectory, std::string_view text, const NUFFTOptions& options);
  size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    Tensor trajectory;
    uint64_t version = 0;
    std::string text;
    NUFFTOptions options;
    uint64_t counts_version = 0;
    Linop made;
  };
  std::deque<Entry> entries_;  // used last first
};

// The string of a transform of x where the caller gives none: the image are x's last d dims, the
// samples the dims of the trajectory but its last; dims that both have are frames.  Throws
// Error{shape} where names are missing.
std::string nufft_text(const Tensor& x, const Tensor& trajectory);
// Of the adjoint, to images with these dims.
std::string nufft_adjoint_text(const Tensor& y,
                               const Tensor& trajectory,
                               const std::vector<std::string>& image);

}  // namespace lunops
