// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/device/device.hpp"

namespace lunops {

class Account;

// What an account counts: the memory behind tensors.
class Charged {
 public:
  virtual std::string description() const = 0;  // one line, for lists of the largest

 protected:
  ~Charged() = default;

 private:
  friend class Account;
  size_t charged_bytes_ = 0;
  size_t place_ = 0;  // in the account's list, guarded by the account: leaving takes no search
};

// Whose budget a storage is charged to: one per Lua state, host or test, for one device.
//
// Counts live bytes, enforces the budget, decides when dead buffers are worth collecting (lua-host
// §2), and lists what is alive when memory runs out.  Thread-safe.  A Storage keeps its account
// alive.
class Account {
 public:
  // budget 0: 90 % of the memory that is free at first use (host: 80 % of RAM or of the cgroup's
  // limit).
  explicit Account(Device device = Device::host(), size_t budget = 0);

  struct Figures {
    size_t live = 0;       // tensors
    size_t workspace = 0;  // leased from arenas now
    size_t peak = 0;       // of both together
    size_t limit = 0, budget = 0;
    uint64_t allocations = 0;  // requests to the pool
    uint64_t allocated = 0;    // bytes of all those, freed ones included
    uint64_t collections = 0;  // times the pressure callback ran
  };
  Figures figures() const;
  void reset_peak();
  void raise_peak(size_t bytes);  // to this at least: what was before a reset
  void set_budget(size_t bytes);
  Device device() const noexcept { return device_; }

  // Called before an allocation that should be preceded by a collection of dead buffers; returns
  // true if it ran. Installed by a Lua state while its thread is inside the state; never called
  // from workers.
  using Pressure = bool (*)(void* self, Device device, size_t bytes) noexcept;
  void set_pressure(Pressure callback, void* self) noexcept;

  // Gives back what caches keep on a device and nobody uses: asked before a request over budget is
  // refused, on any thread.  Installed once by who caches.
  using Relief = void (*)(Device device) noexcept;
  static void set_relief(Relief relief) noexcept;

  // The account of the same owner for `device`: one per device, made when first asked for; that of
  // a virtual device with the budget it was declared with.
  static std::shared_ptr<Account> on(const std::shared_ptr<Account>& account, Device device);
  // The accounts of this owner for other devices.
  std::vector<std::shared_ptr<Account>> others() const;

  // For Storage: throws Error{host_memory | device_memory} listing the eight largest live tensors
  // if `bytes` do not fit.
  void charge(Charged& memory, size_t bytes);
  void release(Charged& memory, size_t bytes) noexcept;
  // The same for workspace while it is leased.
  void lease(size_t bytes);
  void end_lease(size_t bytes) noexcept;
  // Runs the pressure callback, for an allocation that failed; false if there is none on this
  // thread.
  bool collect(size_t bytes);
  // Throws the error of an allocation that failed for good.
  [[noreturn]] void fail_allocation(size_t bytes) const;

  // One line per storage, largest first: shape, dtype, bytes, and the script line that made it
  // where known.
  std::vector<std::string> largest(int count) const;

 private:
  // Applies the collection rule to a request, then throws if it does not fit; on return `lock` is
  // held.
  void before_allocation(std::unique_lock<std::mutex>& lock, size_t bytes);
  size_t in_use() const noexcept { return figures_.live + figures_.workspace; }

  Device device_;
  mutable std::mutex mutex_;
  Figures figures_;
  size_t since_ = 0;  // bytes allocated since the last collection
  Pressure pressure_ = nullptr;
  void* pressure_self_ = nullptr;
  std::thread::id pressure_thread_;
  std::vector<Charged*> live_;
  // The account that the owner made holds those for other devices; they know it, but do not keep
  // it.
  std::vector<std::shared_ptr<Account>> others_;
  std::weak_ptr<Account> owner_;
};

}  // namespace lunops
