// SPDX-License-Identifier: MIT
#include "runtime/device/held.hpp"

#include <cstring>

#include <fmt/format.h>

#include "runtime/core/error.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/native.hpp"

namespace lunops {

namespace {

// No block if it cannot be had now.
Block attempt(size_t bytes, Device device) {
  try {
    return Pool::of(device).allocate(bytes);
  } catch (const Error& e) {
    if (e.code() != Code::host_memory && e.code() != Code::device_memory) throw;
  }
  return {};
}

}  // namespace

HeldMemory::HeldMemory(size_t bytes, const char* what, const Stream& stream)
    : what_(what), bytes_(bytes), device_(stream.device()), account_(stream.account()) {
  if (account_ == nullptr) {
    block_ = Pool::of(device_).allocate(bytes);
    return;
  }
  account_->charge(*this, bytes);
  try {
    block_ = attempt(bytes, device_);
    if (block_.data != nullptr) return;
    account_->collect(bytes);
    Arena::trim(device_);
    block_ = attempt(bytes, device_);
  } catch (...) {
    account_->release(*this, bytes);
    throw;
  }
  if (block_.data != nullptr) return;
  account_->release(*this, bytes);  // not one of the live ones that the error lists
  account_->fail_allocation(bytes);
}

HeldMemory::~HeldMemory() {
  if (account_ != nullptr) account_->release(*this, bytes_);
  Pool::of(device_).release(block_);
}

std::string HeldMemory::description() const { return fmt::format("{}, {} bytes", what_, bytes_); }

void upload(const void* host, void* gpu, size_t bytes, Device device) {
  if (bytes == 0) return;
  if (!is_gpu(device)) {
    std::memcpy(gpu, host, bytes);
    return;
  }
  const NativeStream& compute = NativeStream::compute(device);
  const NativeStream& link = NativeStream::transfer(Device::host(), device);
  // The memory may have been given back while work that uses it was under way.
  NativeEvent before(device), after(device);
  before.record(compute);
  before.make_wait(link);
  link.copy(host, gpu, bytes, true);
  after.record(link);
  after.make_wait(compute);
  after.synchronize();
}

}  // namespace lunops
