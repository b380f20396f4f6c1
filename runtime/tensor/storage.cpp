// SPDX-License-Identifier: MIT
#include "runtime/tensor/storage.hpp"

#include <utility>

#include "runtime/core/error.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/cuda_status.hpp"
#include "runtime/device/native.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

constexpr size_t kOriginFrom = size_t{1} << 20;
constexpr size_t kPinnedFrom = size_t{1} << 20;  // from here, pools give blocks pages of their own

bool is_out_of_memory(const Error& e) noexcept {
  return e.code() == Code::host_memory || e.code() == Code::device_memory;
}

}  // namespace

std::shared_ptr<Storage> Storage::make(size_t bytes, Context& context) {
  return make(bytes, context, nullptr, DType::c64);
}

std::shared_ptr<Storage> Storage::make(size_t bytes,
                                       Context& context,
                                       std::shared_ptr<const Layout> layout,
                                       DType dtype) {
  auto made = std::make_shared<Storage>(Key{});
  Storage& storage = *made;
  storage.device_ = context.device;
  storage.block_.bytes = bytes;
  storage.first_layout_ = std::move(layout);
  storage.first_dtype_ = dtype;
  if (bytes >= kOriginFrom && context.origin != nullptr) storage.origin_ = context.origin;

  // A factory that was told a device may come with its caller's account.
  const std::shared_ptr<Account> account = Account::on(context.account, context.device);
  account->charge(storage, bytes);
  storage.account_ = account;  // from here on, the destructor gives the charge back
  Pool& pool = Pool::of(context.device);
  try {
    storage.block_ = pool.allocate(bytes);
    return made;
  } catch (const Error& e) {
    if (!is_out_of_memory(e)) throw;
  }
  account->collect(bytes);
  Arena::trim(context.device);
  try {
    storage.block_ = pool.allocate(bytes);
  } catch (const Error& e) {
    if (!is_out_of_memory(e)) throw;
    made.reset();  // not one of the live tensors that the error lists
    account->fail_allocation(bytes);
  }
  return made;
}

std::shared_ptr<Storage> Storage::adopt(
    void* data, size_t bytes, Device device, std::function<void()> release, bool read_only) {
  auto storage = std::make_shared<Storage>(Key{});
  storage->block_ = {static_cast<std::byte*>(data), bytes, 0};
  storage->device_ = device;
  storage->read_only_ = read_only;
  storage->release_ = std::move(release);
  return storage;
}

Storage::~Storage() {
  if (release_) release_();  // before others may get the memory
  if (account_ != nullptr) {
    account_->release(*this, block_.bytes);
    if (block_.data != nullptr) Pool::of(device_).release(block_);
  }
}

void Storage::require_writable(std::string_view operation) const {
  if (!read_only_) return;
  fail(Code::argument, operation,
       "the tensor is read-only, because its memory belongs to somebody else; write to a copy made "
       "with x:clone()");
}

void Storage::pin() {
  if (!device_.is_host()) {
    fail(Code::device, "pin", "x is on {}; only memory of the host is pinned", device_.text());
  }
  if (is_pinned_.exchange(true) || block_.bytes < kPinnedFrom || !cuda_absence().empty()) return;
  const DeviceModule* module = nullptr;
  try {
    module = &module_of({DeviceKind::cuda, 0});
  } catch (const Error&) {
    return;  // no library of the toolkit, say: the mark is what there is without a GPU
  }
  try {
    if (!module->pin(block_.data, block_.bytes)) return;
  } catch (...) {
    is_pinned_ = false;
    throw;
  }
  release_ = [unpin = module->unpin, data = block_.data, then = std::move(release_)] {
    unpin(data);
    if (then) then();
  };
}

std::string Storage::description() const {
  std::string text;
  if (first_layout_ != nullptr) {
    text = fmt::format("{} {}, ", name_of(first_dtype_), first_layout_->shape.braced());
  }
  text += fmt::format("{} bytes", block_.bytes);
  if (!origin_.empty()) text += ", made at " + origin_;
  return text;
}

}  // namespace lunops
