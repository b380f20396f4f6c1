// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/device/device.hpp"

namespace lunops {

// What GPUs were given to do since the host last waited for them.  A kernel that faults is told of
// by a later call, which can name it only by this list.  Thread-safe; allocates nothing but text.
void note_issued(Device gpu, std::string_view operation) noexcept;
void forget_issued(Device gpu) noexcept;  // all of it is done
// "Dense, FFT on cuda:0", the last of them where they are many; "" if nothing was issued.
std::string issued_text();

// While it lives, what this thread notes is kept in a list and not taken for issued: a graph that
// is captured is issued later.
class KeptNotes {
 public:
  explicit KeptNotes(std::vector<std::string>& list) noexcept;
  ~KeptNotes();
  KeptNotes(const KeptNotes&) = delete;
};

// LUNOPS_CUDA_BLOCKING=1: the host waits for each step, so that a fault is that of the step named.
bool is_blocking() noexcept;

}  // namespace lunops
