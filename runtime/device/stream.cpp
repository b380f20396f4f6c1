// SPDX-License-Identifier: MIT
#include "runtime/device/stream.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"

namespace lunops {

Stream::Stream(Device device, Backend& backend, int threads)
    : device_(device), backend_(&backend), threads_(ThreadPool::process().threads()) {
  if (threads != 0) set_threads(threads);
}

void Stream::set_threads(int threads) {
  if (threads < 1) {
    fail(Code::argument, "threads", "{} threads were asked for; at least 1 is needed", threads);
  }
  threads_ = std::min(threads, ThreadPool::process().threads());
}

// Host work is done when the call that issued it returns, so an event of the host has happened as
// soon as it is recorded, and waiting for it is waiting for nothing.
void Event::record(Stream& stream) { device_ = stream.device(); }

void Event::wait(Stream&) const { synchronize(); }

void Event::synchronize() const { LUNOPS_ASSERT(device_.kind == DeviceKind::cpu); }

}  // namespace lunops
