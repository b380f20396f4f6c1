// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "runtime/device/account.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

// Memory that a kernel keeps between applications, or needs while it is made: sorted points,
// tables, spectra.  It comes from the device's pool and counts as live in the account of the stream
// (the one whose work made the kernel, also if others share the kernel later), which it keeps
// alive.
class HeldMemory final : public Charged {
 public:
  // `what` is a literal that says what it is, for lists of the largest.  Throws Error{host_memory |
  // device_memory} as a tensor does.
  HeldMemory(size_t bytes, const char* what, const Stream& stream);
  ~HeldMemory();
  HeldMemory(const HeldMemory&) = delete;

  std::byte* data() const noexcept { return block_.data; }
  std::string description() const override;

 private:
  const char* what_;
  size_t bytes_;
  Device device_;
  std::shared_ptr<Account> account_;  // null: the stream belongs to nobody who counts
  Block block_;
};

// An array in such memory.  Its elements are not initialised.
template <class T>
class HeldArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  HeldArray() = default;
  HeldArray(int64_t count, const char* what, const Stream& stream)
      : memory_(std::make_unique<HeldMemory>(static_cast<size_t>(count) * sizeof(T), what, stream)),
        count_(count) {}

  T* data() const noexcept {
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_->data());
  }
  int64_t size() const noexcept { return count_; }
  size_t bytes() const noexcept { return static_cast<size_t>(count_) * sizeof(T); }
  T& operator[](int64_t i) const noexcept { return data()[i]; }

 private:
  std::unique_ptr<HeldMemory> memory_;  // stays where the account knows it
  int64_t count_ = 0;
};

}  // namespace lunops
