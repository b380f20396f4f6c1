// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

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
  std::span<const T> elements() const noexcept { return {data(), static_cast<size_t>(count_)}; }

 private:
  std::unique_ptr<HeldMemory> memory_;  // stays where the account knows it
  int64_t count_ = 0;
};

// gpu <- host, after all work issued to the GPU's compute stream and before what is issued later.
// Returns when the host's memory has been read.
void upload(const void* host, void* gpu, size_t bytes, Device device);

// A copy of elements of the host on the device of a stream, for kernels; nothing for no elements.
template <class T>
HeldArray<T> held_copy(std::span<const T> host, const char* what, const Stream& stream) {
  if (host.empty()) return {};
  HeldArray<T> made(static_cast<int64_t>(host.size()), what, stream);
  upload(host.data(), made.data(), host.size_bytes(), stream.device());
  return made;
}
template <class T>
HeldArray<T> held_copy(const std::vector<T>& host, const char* what, const Stream& stream) {
  return held_copy(std::span<const T>(host), what, stream);
}

// What GPUs keep of something of the host: one for each device, as long as somebody uses it.
// Copies of the something begin without.
template <class T>
class OnDevices {
 public:
  OnDevices() = default;
  OnDevices(const OnDevices&) noexcept {}
  OnDevices& operator=(const OnDevices&) noexcept {
    const std::lock_guard lock(mutex_);
    known_.clear();
    return *this;
  }

  // `make` gives a shared pointer.
  template <class Make>
  std::shared_ptr<const T> get(Device device, const Make& make) const {
    const std::lock_guard lock(mutex_);
    std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
    for (const auto& [where, weak] : known_) {
      if (!(where == device)) continue;
      if (auto alive = weak.lock()) return alive;
    }
    std::shared_ptr<const T> made = make();
    known_.emplace_back(device, made);
    return made;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<Device, std::weak_ptr<const T>>> known_;
};

}  // namespace lunops
