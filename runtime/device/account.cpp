// SPDX-License-Identifier: MIT
#include "runtime/device/account.hpp"

#include <algorithm>
#include <atomic>

#include "runtime/core/error.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/device/virtual_devices.hpp"

namespace lunops {

namespace {

std::atomic<Account::Relief> the_relief{nullptr};

}  // namespace

void Account::set_relief(Relief relief) noexcept { the_relief = relief; }

Account::Account(Device device, size_t budget) : device_(device) {
  if (budget != 0) set_budget(budget);
}

Account::Figures Account::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void Account::raise_peak(size_t bytes) {
  const std::lock_guard lock(mutex_);
  figures_.peak = std::max(figures_.peak, bytes);
}

void Account::reset_peak() {
  const std::lock_guard lock(mutex_);
  figures_.peak = in_use();
}

void Account::set_budget(size_t bytes) {
  if (bytes == 0) bytes = Pool::of(device_).memory_limit();
  const std::lock_guard lock(mutex_);
  figures_.budget = bytes;
  figures_.limit = bytes / 4;
}

void Account::set_pressure(Pressure callback, void* self) noexcept {
  const std::lock_guard lock(mutex_);
  pressure_ = callback;
  pressure_self_ = self;
  pressure_thread_ = std::this_thread::get_id();
  for (const std::shared_ptr<Account>& each : others_) each->set_pressure(callback, self);
}

std::shared_ptr<Account> Account::on(const std::shared_ptr<Account>& account, Device device) {
  if (account->device_ == device) return account;
  const std::shared_ptr<Account> owner = account->owner_.lock();
  Account& first = owner == nullptr ? *account : *owner;
  if (first.device_ == device) return owner;
  const std::lock_guard lock(first.mutex_);
  for (const std::shared_ptr<Account>& each : first.others_) {
    if (each->device_ == device) return each;
  }
  require_declared(device);
  if (device.kind == DeviceKind::cuda) Pool::of(device);  // throws where there is none
  const bool is_virtual = device.kind == DeviceKind::cpu && !device.is_host();
  const bool is_part = device.kind == DeviceKind::cuda && virtual_devices()->cuda > 0;
  auto made =
      std::make_shared<Account>(device, is_virtual || is_part ? virtual_devices()->memory : 0);
  if (is_virtual && made->figures_.budget == 0) made->set_budget(0);
  made->owner_ = owner == nullptr ? account : owner;
  made->pressure_ = first.pressure_;
  made->pressure_self_ = first.pressure_self_;
  made->pressure_thread_ = first.pressure_thread_;
  first.others_.push_back(made);
  return made;
}

std::vector<std::shared_ptr<Account>> Account::others() const {
  const std::lock_guard lock(mutex_);
  return others_;
}

bool Account::collect(size_t bytes) {
  std::unique_lock lock(mutex_);
  if (pressure_ == nullptr || pressure_thread_ != std::this_thread::get_id()) return false;
  const Pressure callback = pressure_;
  void* self = pressure_self_;
  // The callback releases storages of this account.
  lock.unlock();
  const bool ran = callback(self, device_, bytes);
  lock.lock();
  if (ran) ++figures_.collections;
  return ran;
}

// The rule of collection: dead buffers are worth a collection once the live ones pass a limit that
// grows with them, and a twentieth of it was allocated since the last one.  So a loop of large
// temporaries stays below the limit, and a program that holds much does not collect at every
// allocation.
void Account::before_allocation(std::unique_lock<std::mutex>& lock, size_t bytes) {
  if (figures_.budget == 0) {
    lock.unlock();
    set_budget(0);
    lock.lock();
  }
  const size_t wanted = in_use() + bytes, budget = figures_.budget;
  if (wanted > figures_.limit && (since_ >= figures_.limit / 20 || wanted > figures_.budget)) {
    lock.unlock();
    collect(bytes);
    // What is over budget is given room in the system too: nothing of this device is kept for
    // later.
    if (wanted > budget) {
      if (const Relief relief = the_relief) relief(device_);
      Pool::of(device_).trim();
    }
    lock.lock();
    since_ = 0;
    const double grown = 1.4 * static_cast<double>(in_use() + bytes);
    const size_t floor = figures_.budget / 4;
    figures_.limit = grown >= static_cast<double>(figures_.budget)
                         ? figures_.budget
                         : std::max(floor, static_cast<size_t>(grown));
  }
  if (in_use() + bytes > figures_.budget) {
    lock.unlock();
    fail_allocation(bytes);
  }
}

void Account::lease(size_t bytes) {
  std::unique_lock lock(mutex_);
  before_allocation(lock, bytes);
  figures_.workspace += bytes;
  figures_.peak = std::max(figures_.peak, in_use());
}

void Account::end_lease(size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  figures_.workspace -= bytes;
}

void Account::charge(Charged& memory, size_t bytes) {
  std::unique_lock lock(mutex_);
  before_allocation(lock, bytes);
  live_.push_back(&memory);
  memory.place_ = live_.size() - 1;
  memory.charged_bytes_ = bytes;
  figures_.live += bytes;
  figures_.peak = std::max(figures_.peak, in_use());
  ++figures_.allocations;
  figures_.allocated += bytes;
  since_ += bytes;
}

void Account::release(Charged& memory, size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  figures_.live -= bytes;
  live_[memory.place_] = live_.back();
  live_[memory.place_]->place_ = memory.place_;
  live_.pop_back();
}

void Account::fail_allocation(size_t bytes) const {
  const Code code = device_.kind == DeviceKind::cpu ? Code::host_memory : Code::device_memory;
  const Figures now = figures();
  std::string list;
  for (const std::string& line : largest(8)) list += "\n  " + line;
  if (list.empty()) list = " none";
  fail(code, "allocate",
       "{} bytes do not fit on {}: {} of {} bytes are in use; drop tensors or raise the memory "
       "limit; largest live tensors:{}",
       bytes, device_.text(), now.live + now.workspace, now.budget, list);
}

std::vector<std::string> Account::largest(int count) const {
  const std::lock_guard lock(mutex_);
  std::vector<const Charged*> sorted(live_.begin(), live_.end());
  const auto end = sorted.begin() + std::min<std::ptrdiff_t>(count, std::ssize(sorted));
  std::partial_sort(sorted.begin(), end, sorted.end(), [](const Charged* a, const Charged* b) {
    return a->charged_bytes_ > b->charged_bytes_;
  });
  std::vector<std::string> lines;
  for (auto it = sorted.begin(); it != end; ++it) lines.push_back((*it)->description());
  return lines;
}

}  // namespace lunops
