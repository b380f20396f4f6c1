// SPDX-License-Identifier: MIT
#include "runtime/device/arena.hpp"

#include <utility>

#include "runtime/core/error.hpp"
#include "runtime/device/graph.hpp"

namespace lunops {

namespace {

struct Slot {
  Device device;
  Block block;
  bool is_leased = false;
};

thread_local Arena::Loan* present = nullptr;

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<Slot>> slots;

  // An idle slot of the device; of these the smallest that is large enough, else the largest.  Work
  // of the host that used it is done, and work of a GPU comes before what the one compute stream
  // gets from now on.
  Slot* idle(size_t bytes, const Stream& stream) {
    Slot* best = nullptr;
    const auto is_better = [&](const Slot& a, const Slot& b) {
      const bool a_fits = a.block.bytes >= bytes, b_fits = b.block.bytes >= bytes;
      if (a_fits != b_fits) return a_fits;
      return a_fits ? a.block.bytes < b.block.bytes : a.block.bytes > b.block.bytes;
    };
    for (const auto& slot : slots) {
      if (slot->is_leased || slot->device != stream.device()) continue;
      if (best == nullptr || is_better(*slot, *best)) best = slot.get();
    }
    return best;
  }
};

Registry& registry() {
  static Registry* const all = new Registry;  // leaked: leases may end while the process exits
  return *all;
}

// No block if it cannot be had, also after all that is idle was given back.
Block allocate(size_t bytes, Context& context) {
  Pool& pool = Pool::of(context.stream->device());
  for (const bool is_retry : {false, true}) {
    if (is_retry) {
      context.account->collect(bytes);
      Arena::trim(context.stream->device());
    }
    try {
      return pool.allocate(bytes);
    } catch (const Error& e) {
      if (e.code() != Code::host_memory && e.code() != Code::device_memory) throw;
    }
  }
  return {};
}

}  // namespace

Arena::Loan::Loan(const Lease& lease, Device device) noexcept
    : lease_(lease), device_(device), outer_(std::exchange(present, this)) {}

Arena::Loan::~Loan() { present = outer_; }

Arena::Lease::Lease(Lease&& other) noexcept { *this = std::move(other); }

Arena::Lease& Arena::Lease::operator=(Lease&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(slot_, other.slot_);
  std::swap(account_, other.account_);
  std::swap(bytes_, other.bytes_);
  std::swap(loan_, other.loan_);
  return *this;
}

Arena::Lease::~Lease() {
  if (loan_ != nullptr) loan_->is_taken_ = false;
  if (account_ != nullptr) account_->end_lease(bytes_);
  if (slot_ == nullptr) return;
  const std::lock_guard lock(registry().mutex);
  static_cast<Slot*>(slot_)->is_leased = false;
}

Arena::Lease Arena::lease(size_t bytes, Context& context) {
  Lease lease;
  if (bytes == 0) return lease;
  if (Loan* loan = present; loan != nullptr && !loan->is_taken_ &&
                            loan->device_ == context.stream->device() &&
                            bytes <= loan->lease_.bytes_) {
    loan->is_taken_ = true;
    lease.loan_ = loan;
    lease.data_ = loan->lease_.data_;
    return lease;
  }
  refuse_while_capturing("a workspace of its own");
  context.account->lease(bytes);
  lease.account_ = context.account;
  lease.bytes_ = bytes;
  const Stream& stream = *context.stream;
  Registry& all = registry();
  std::unique_lock lock(all.mutex);
  Slot* slot = all.idle(bytes, stream);
  if (slot == nullptr) {
    all.slots.push_back(std::make_unique<Slot>(Slot{stream.device(), Block{}, false}));
    slot = all.slots.back().get();
  }
  slot->is_leased = true;
  lease.slot_ = slot;
  if (slot->block.bytes < bytes) {
    // Unlocked, because a collection may run; the lease keeps the slot ours.
    Pool::of(slot->device).release(std::exchange(slot->block, Block{}));
    lock.unlock();
    const Block block = allocate(bytes, context);
    if (block.data == nullptr) {
      lease = Lease();  // so that the error does not count it as in use
      context.account->fail_allocation(bytes);
    }
    lock.lock();
    slot->block = block;
  }
  lease.data_ = slot->block.data;
  return lease;
}

void Arena::trim(Device device) noexcept {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.slots, [&](const std::unique_ptr<Slot>& slot) {
    if (slot->is_leased || slot->device != device) return false;
    Pool::of(device).release(slot->block);
    return true;
  });
}

size_t Arena::bytes(Device device) noexcept {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  size_t sum = 0;
  for (const auto& slot : all.slots) {
    if (slot->device == device) sum += slot->block.bytes;
  }
  return sum;
}

}  // namespace lunops
