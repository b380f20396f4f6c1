// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "runtime/device/device.hpp"
#include "runtime/device/thread_pool.hpp"

namespace lunops {

class Account;
class Backend;

// A queue of work on one device.  On the host, work runs when it is issued, on the calling thread
// and its share of the pool.
class Stream {
 public:
  Stream(Device device, Backend& backend, int threads = 0);  // threads 0: all of the pool

  Device device() const noexcept { return device_; }
  Backend& backend() const noexcept { return *backend_; }
  int threads() const noexcept { return threads_; }
  void set_threads(int threads);
  // Whose budget the memory that kernels hold is charged to (held.hpp); null: nobody's.
  const std::shared_ptr<Account>& account() const noexcept { return account_; }
  void set_account(std::shared_ptr<Account> account) noexcept { account_ = std::move(account); }
  void wait() noexcept {}  // until all issued work is done; host work already is

 private:
  Device device_;
  Backend* backend_;
  int threads_;
  std::shared_ptr<Account> account_;
};

// A point in a stream's work that another stream or the host can wait for.
class Event {
 public:
  void record(Stream& stream);
  void wait(Stream& stream) const;  // further work of `stream` starts after the event
  void synchronize() const;         // the calling thread waits
  bool is_done() const noexcept { return true; }
  Device device() const noexcept { return device_; }

 private:
  Device device_;
};

}  // namespace lunops
