// SPDX-License-Identifier: MIT
#include "runtime/device/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/device/cores.hpp"
#include "runtime/device/worker.hpp"

namespace lunops {

namespace {

// Between two loops of a solver lie a few hundred nanoseconds; sleeping there would cost 6 to 37 us
// per loop (measured with 2 and 4 threads), so a thread first spins this often.
constexpr int kSpins = 4000;

thread_local bool inside_item = false;

}  // namespace

// One loop at a time.  `ticket` holds the loop's number and the seats still free in it; a worker
// takes part by taking a seat, and only then reads the other fields of the loop.  The caller closes
// the loop by taking all seats that are left, then waits for those who took one: a worker that
// slept through a loop costs it nothing.
struct ThreadPool::State {
  static constexpr uint64_t kSeatBits = 16;
  static constexpr uint64_t kSeatMask = (uint64_t{1} << kSeatBits) - 1;

  int threads = 1;
  std::vector<std::thread> workers;

  std::mutex loop;  // held by the caller of the running loop
  std::atomic<uint64_t> ticket{0};
  std::atomic<int> finished{0};
  std::atomic<int> sleepers{0};
  std::atomic<bool> caller_sleeps{false};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable wake, done;

  Call call = nullptr;
  const void* f = nullptr;
  int64_t items = 0;
  int seats = 0;
  std::atomic<int64_t> next{0};
  std::mutex error_mutex;
  std::exception_ptr error;
  int64_t error_item = 0;

  void work(int worker) noexcept {
    const FlushToZero flush;
    inside_item = true;
    for (;;) {
      const int64_t item = next.fetch_add(1, std::memory_order_relaxed);
      if (item >= items) break;
      try {
        call(f, item, worker);
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error || item < error_item) {
          error = std::current_exception();
          error_item = item;
        }
        next.store(items, std::memory_order_relaxed);
      }
    }
    inside_item = false;
  }

  // Returns the number of the seat taken, from 1, or 0 if there is none for this worker.
  int take_seat(uint64_t& seen) noexcept {
    uint64_t now = ticket.load(std::memory_order_acquire);
    while ((now >> kSeatBits) != seen && (now & kSeatMask) != 0) {
      if (ticket.compare_exchange_weak(now, now - 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
        seen = now >> kSeatBits;
        return seats - static_cast<int>(now & kSeatMask) + 1;
      }
    }
    return 0;
  }

  void worker_main() noexcept {
    uint64_t seen = 0;
    for (;;) {
      int seat = 0;
      for (int i = 0; i < kSpins && seat == 0 && !stop.load(std::memory_order_relaxed); ++i) {
        seat = take_seat(seen);
        if (seat == 0) pause();
      }
      if (seat == 0) {
        std::unique_lock lock(mutex);
        // Announced before the last look at the ticket: either this look sees the new loop, or the
        // caller sees the sleeper.
        sleepers.fetch_add(1);
        wake.wait(lock, [&] { return stop.load() || (seat = take_seat(seen)) != 0; });
        sleepers.fetch_sub(1);
      }
      if (stop.load()) return;
      work(seat);
      finished.fetch_add(1);
      if (caller_sleeps.load()) {
        const std::lock_guard lock(mutex);
        done.notify_one();
      }
    }
  }

  void start() {
    while (static_cast<int>(workers.size()) < threads - 1)
      workers.emplace_back([this] { worker_main(); });
  }

  void join() {
    {
      const std::lock_guard lock(mutex);
      stop.store(true);
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
    workers.clear();
    stop.store(false);
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) { resize(threads); }

ThreadPool::~ThreadPool() { state_->join(); }

ThreadPool& ThreadPool::process() {
  static ThreadPool* const pool = new ThreadPool(default_threads());
  return *pool;
}

int ThreadPool::threads() const noexcept { return state_->threads; }

void ThreadPool::resize(int threads) {
  if (threads < 1 || threads > 4096) {
    fail(Code::argument, "threads", "{} is not a number of threads from 1 to 4096", threads);
  }
  const std::lock_guard lock(state_->loop);
  if (threads == state_->threads) return;
  state_->join();
  state_->threads = threads;
}

void ThreadPool::run_erased(int64_t items, int share, Call call, const void* f) {
  if (items <= 0) return;
  State& s = *state_;
  const int64_t wanted = std::min<int64_t>({items, share, s.threads});
  std::unique_lock loop(s.loop, std::defer_lock);
  // Nested loops, and loops of a second host thread while the pool is busy, run on their own
  // thread.
  if (wanted <= 1 || inside_item || !loop.try_lock()) {
    const FlushToZero flush;
    for (int64_t item = 0; item < items; ++item) call(f, item, 0);
    return;
  }
  s.start();
  s.call = call;
  s.f = f;
  s.items = items;
  s.seats = static_cast<int>(wanted) - 1;
  s.next.store(0, std::memory_order_relaxed);
  s.finished.store(0, std::memory_order_relaxed);
  const uint64_t number = (s.ticket.load(std::memory_order_relaxed) >> State::kSeatBits) + 1;
  s.ticket.store((number << State::kSeatBits) | static_cast<uint64_t>(s.seats));
  const int asleep = s.sleepers.load();
  if (asleep > 0) {
    const std::lock_guard lock(s.mutex);
    for (int i = 0; i < std::min(asleep, s.seats); ++i) s.wake.notify_one();
  }

  s.work(0);

  const uint64_t closed = s.ticket.exchange(number << State::kSeatBits, std::memory_order_acq_rel);
  const int joined = s.seats - static_cast<int>(closed & State::kSeatMask);
  const auto is_done = [&] { return s.finished.load(std::memory_order_acquire) == joined; };
  for (int i = 0; i < kSpins && !is_done(); ++i) pause();
  if (!is_done()) {
    std::unique_lock lock(s.mutex);
    s.caller_sleeps.store(true);
    s.done.wait(lock, [&] { return s.finished.load() == joined; });
    s.caller_sleeps.store(false);
  }
  if (s.error) std::rethrow_exception(std::exchange(s.error, nullptr));
}

}  // namespace lunops
