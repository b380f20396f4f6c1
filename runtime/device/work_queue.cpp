// SPDX-License-Identifier: MIT
#include "runtime/device/work_queue.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/device/worker.hpp"

namespace lunops {

namespace {

// A few microseconds: long enough for the next item of a running plan, short enough that the
// threads of eight idle devices take nothing from the one that computes.
constexpr int kSpins = 200;
constexpr size_t kFirstRing = 64;

// "1" for cpu:1, "cpu" for the host, "cuda:1" for a GPU.
std::string short_name(Device device) {
  return device.kind == DeviceKind::cpu && !device.is_host() ? std::to_string(device.index)
                                                             : device.text();
}

// Threads do not survive a fork: in the child nothing may be submitted, because nobody would run
// it.
std::atomic<bool>& is_child() {
  static std::atomic<bool> flag{false};
  static const int once = pthread_atfork(nullptr, nullptr, [] { flag.store(true); });
  static_cast<void>(once);
  return flag;
}

struct Registry {
  std::mutex mutex;
  // Transfers have is_transfer true; compute queues have equal source and target.
  std::map<std::tuple<bool, Device, Device>, std::unique_ptr<WorkQueue>> queues;
  std::atomic<int64_t> count{0};
};

Registry& registry() {
  static Registry* const all = new Registry;  // leaked: its threads may wait while the process ends
  return *all;
}

WorkQueue& find(bool is_transfer, Device source, Device target) {
  require_declared(source);
  require_declared(target);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  auto& queue = all.queues[{is_transfer, source, target}];
  if (queue == nullptr) {
    queue = std::make_unique<WorkQueue>(source, target, is_transfer);
    all.count.fetch_add(1, std::memory_order_relaxed);
  }
  return *queue;
}

}  // namespace

// A ring that grows by doubling.  `waiting` repeats the number of items for the thread's spinning;
// all else is guarded by the mutex.
struct WorkQueue::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Item> ring;
  size_t first = 0, length = 0;
  bool sleeps = false, stop = false;
  std::atomic<size_t> waiting{0};
  std::thread thread;

  void push(const Item& item) {
    if (length == ring.size()) {
      std::vector<Item> longer(ring.empty() ? kFirstRing : 2 * ring.size());
      for (size_t i = 0; i < length; ++i) longer[i] = ring[(first + i) % ring.size()];
      ring.swap(longer);
      first = 0;
    }
    ring[(first + length) % ring.size()] = item;
    ++length;
    waiting.store(length, std::memory_order_release);
  }

  // False when the queue ends.
  bool take(Item& item) {
    for (int i = 0; i < kSpins && waiting.load(std::memory_order_acquire) == 0; ++i) pause();
    std::unique_lock lock(mutex);
    sleeps = true;
    wake.wait(lock, [&] { return length != 0 || stop; });
    sleeps = false;
    if (length == 0) return false;
    item = ring[first];
    first = (first + 1) % ring.size();
    --length;
    waiting.store(length, std::memory_order_release);
    return true;
  }

  void main() noexcept {
    const FlushToZero flush;
    for (Item item; take(item);) item.run(item.self, item.index);
  }
};

WorkQueue::WorkQueue(Device source, Device target, bool is_transfer)
    : source_(source),
      target_(target),
      is_transfer_(is_transfer),
      name_(is_transfer ? short_name(source) + ">" + short_name(target) : target.text()),
      state_(std::make_unique<State>()) {
  is_child();
  state_->thread = std::thread([s = state_.get()] { s->main(); });
}

WorkQueue::~WorkQueue() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

void WorkQueue::submit(const Item& item) {
  if (is_child().load(std::memory_order_relaxed)) {
    fail(Code::forked, "submit", "the thread of {} did not survive the fork; start a new process",
         name_);
  }
  State& s = *state_;
  bool must_wake = false;
  {
    const std::lock_guard lock(s.mutex);
    s.push(item);
    must_wake = s.sleeps;
  }
  if (must_wake) s.wake.notify_one();
}

WorkQueue& WorkQueue::compute(Device device) { return find(false, device, device); }

WorkQueue& WorkQueue::transfer(Device source, Device target) { return find(true, source, target); }

void WorkQueue::wait_all() {
  Registry& all = registry();
  std::vector<WorkQueue*> queues;
  {
    const std::lock_guard lock(all.mutex);
    for (const auto& [key, queue] : all.queues) queues.push_back(queue.get());
  }
  struct Open {
    std::mutex mutex;
    std::condition_variable none;
    size_t queues;
  } open;
  open.queues = queues.size();
  const auto leave = [](void* self, int64_t) noexcept {
    auto& o = *static_cast<Open*>(self);
    // Told under the lock: the waiting thread ends `o` as soon as it has it.
    const std::lock_guard lock(o.mutex);
    if (--o.queues == 0) o.none.notify_one();
  };
  for (WorkQueue* queue : queues) queue->submit({leave, &open, 0});
  std::unique_lock lock(open.mutex);
  open.none.wait(lock, [&] { return open.queues == 0; });
}

int64_t WorkQueue::count() noexcept { return registry().count.load(std::memory_order_relaxed); }

}  // namespace lunops
