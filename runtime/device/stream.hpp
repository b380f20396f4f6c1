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
// and its share of the pool; on a GPU it is given to a native stream and runs later, in order.
class Stream {
 public:
  // `host` is the backend of the host and of virtual devices in this call; on a GPU its module's is
  // taken, and the GPU's compute stream.  threads 0: all of the pool.  Throws as module_of does.
  Stream(Device device, Backend& host, int threads = 0);

  Device device() const noexcept { return device_; }
  Backend& backend() const noexcept { return *backend_; }
  Backend& host_backend() const noexcept { return *host_backend_; }
  // What the module of a GPU knows this stream by; null on the host.
  void* native() const noexcept { return native_; }
  int threads() const noexcept { return threads_; }
  void set_threads(int threads);
  // Whose budget the memory that kernels hold is charged to (held.hpp); null: nobody's.
  const std::shared_ptr<Account>& account() const noexcept { return account_; }
  void set_account(std::shared_ptr<Account> account) noexcept { account_ = std::move(account); }
  void wait();  // until all issued work is done; throws what it ended with
  // For what is planned on the host for this stream: of a GPU, a stream of the host with the same
  // threads and the same owner's account; otherwise a copy.
  Stream for_host() const;

 private:
  Device device_;
  Backend* backend_;
  Backend* host_backend_;
  void* native_ = nullptr;
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
