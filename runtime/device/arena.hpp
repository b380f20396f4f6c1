// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/device/context.hpp"
#include "runtime/device/pool.hpp"

namespace lunops {

// Workspace of applications on one stream, shared by all plans.
//
// A plan states how many bytes it needs; the arena of its stream grows to the largest ever asked
// for and is then reused, so a second application takes nothing from the pool.  Two applications at
// once each get an arena of their own.
class Arena {
 public:
  class Loan;
  // A lease of at least `bytes`, 64-byte aligned, returned when destroyed.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) noexcept;
    ~Lease();
    std::byte* data() const noexcept { return data_; }

   private:
    friend class Arena;
    std::byte* data_ = nullptr;
    void* slot_ = nullptr;
    std::shared_ptr<Account> account_;  // counts `bytes_` as long as the lease lasts
    size_t bytes_ = 0;
    Loan* loan_ = nullptr;  // borrowed from it
  };

  // While it lives, an application of this thread that needs no more than a lease of its device has
  // works in that lease, one at a time; others take leases of their own.
  class Loan {
   public:
    Loan(const Lease& lease, Device device) noexcept;
    ~Loan();
    Loan(const Loan&) = delete;

   private:
    friend class Arena;
    const Lease& lease_;
    Device device_;
    bool is_taken_ = false;
    Loan* outer_;
  };

  static Lease lease(size_t bytes, Context& context);
  static void trim(
      Device device) noexcept;  // frees idle arenas: under memory pressure, and in tests
  static size_t bytes(Device device) noexcept;  // held by arenas now
};

}  // namespace lunops
