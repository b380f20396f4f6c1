// SPDX-License-Identifier: MIT
#include "runtime/device/pinned.hpp"

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "runtime/device/device.hpp"
#include "runtime/device/native.hpp"

namespace lunops {

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kKept = 16;  // pieces of one page at most

struct Registry {
  std::mutex mutex;
  std::vector<std::byte*> idle;  // pages
};

Registry& registry() {
  static Registry* const all = [] {
    auto* made = new Registry;  // leaked: the driver may be gone when the process ends
    made->idle.reserve(kKept);
    return made;
  }();
  return *all;
}

const DeviceModule& module() { return module_of(Device{DeviceKind::cuda, 0}); }

}  // namespace

PinnedMemory::PinnedMemory(size_t bytes) : bytes_((bytes + kPage - 1) / kPage * kPage) {
  if (bytes_ == 0) return;
  if (bytes_ == kPage) {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    if (!all.idle.empty()) {
      data_ = all.idle.back();
      all.idle.pop_back();
      return;
    }
  }
  data_ = static_cast<std::byte*>(std::aligned_alloc(kPage, bytes_));
  if (data_ == nullptr) throw std::bad_alloc();
  try {
    module().pin(data_, bytes_);
  } catch (...) {
    std::free(data_);
    throw;
  }
}

PinnedMemory::~PinnedMemory() {
  if (data_ == nullptr) return;
  if (bytes_ == kPage) {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    if (all.idle.size() < kKept) {
      all.idle.push_back(data_);
      return;
    }
  }
  module().unpin(data_);
  std::free(data_);
}

}  // namespace lunops
