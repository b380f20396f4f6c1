// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/core/dtype.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/device/context.hpp"
#include "runtime/device/pool.hpp"

namespace lunops {

struct Layout;

// The memory behind tensors: what all others need to know about it is here.
//
// Shared by views; freed with the last of them.  `version` counts writes after construction: an
// operator remembers the version of its weights, so a stale cache is an error and not a wrong
// result.
class Storage final : public Charged {
  struct Key {};  // keeps construction to `make` and `adopt`

 public:
  // A class derived from this one would change its virtual table while the account still lists it.
  explicit Storage(Key) {}
  static std::shared_ptr<Storage> make(size_t bytes, Context& context);
  // The same, with what the first tensor on it is, for lists of the largest.
  static std::shared_ptr<Storage> make(size_t bytes,
                                       Context& context,
                                       std::shared_ptr<const Layout> layout,
                                       DType dtype);
  // Memory that somebody else owns; `release` is called once, on any thread.
  static std::shared_ptr<Storage> adopt(
      void* data, size_t bytes, Device device, std::function<void()> release, bool read_only);
  ~Storage();
  Storage(const Storage&) = delete;

  std::byte* data() const noexcept { return block_.data; }
  size_t bytes() const noexcept { return block_.bytes; }
  Device device() const noexcept { return device_; }
  uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
  // Throws Error{argument} naming `operation` if others may not write here.
  void require_writable(std::string_view operation) const;
  void touch() noexcept { version_.fetch_add(1, std::memory_order_acq_rel); }  // after each write
  bool is_read_only() const noexcept { return read_only_; }
  // Pinned host memory is copied to GPUs without staging.  Without a GPU, and below 1 MiB, where
  // pages are shared, the mark alone remains.  Throws Error{device} for memory of a device.
  void pin();
  bool is_pinned() const noexcept { return is_pinned_.load(std::memory_order_relaxed); }
  const std::string& origin() const noexcept { return origin_; }  // script line, from 1 MiB up

  // "c64 {coil=8, y=256, x=256}, 4194304 bytes, made at script.lua:12", as far as it is known.
  std::string description() const override;

  // Logical range held: all of it in one process (distribution.md).
  int64_t logical_first = 0, logical_count = -1;
  Event last_writer;

 private:
  Block block_;
  Device device_;
  std::shared_ptr<Account> account_;
  std::atomic<uint64_t> version_{0};
  bool read_only_ = false;
  std::atomic<bool> is_pinned_{false};
  std::function<void()> release_;
  std::string origin_;
  std::shared_ptr<const Layout> first_layout_;  // set before the account lists it, then constant
  DType first_dtype_ = DType::c64;
};

}  // namespace lunops
