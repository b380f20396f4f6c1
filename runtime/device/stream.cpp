// SPDX-License-Identifier: MIT
#include "runtime/device/stream.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/device/account.hpp"
#include "runtime/device/issued_work.hpp"
#include "runtime/device/native.hpp"

namespace lunops {

Stream::Stream(Device device, Backend& host, int threads)
    : device_(device),
      backend_(&host),
      host_backend_(&host),
      threads_(ThreadPool::process().threads()) {
  if (is_gpu(device)) {
    backend_ = &module_of(device).backend(device.index);
    native_ = NativeStream::compute(device).handle();
  }
  if (threads != 0) set_threads(threads);
}

void Stream::set_threads(int threads) {
  if (threads < 1) {
    fail(Code::argument, "threads", "{} threads were asked for; at least 1 is needed", threads);
  }
  threads_ = std::min(threads, ThreadPool::process().threads());
}

void Stream::wait() {
  if (native_ == nullptr) return;
  module_of(device_).synchronize_stream(native_);
  forget_issued(device_);
}

Stream Stream::for_host() const {
  if (!is_gpu(device_)) return *this;
  Stream host(Device::host(), *host_backend_, threads_);
  if (account_ != nullptr) host.set_account(Account::on(account_, Device::host()));
  return host;
}

// Host work is done when the call that issued it returns, so an event of the host has happened as
// soon as it is recorded, and waiting for it is waiting for nothing.
void Event::record(Stream& stream) { device_ = stream.device(); }

void Event::wait(Stream&) const { synchronize(); }

void Event::synchronize() const { LUNOPS_ASSERT(device_.kind == DeviceKind::cpu); }

}  // namespace lunops
