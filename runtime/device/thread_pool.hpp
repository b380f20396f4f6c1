// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace lunops {

// The persistent worker threads of the process.
//
// One budget: every kernel, FFT and BLAS call runs inside these threads (libraries run
// single-threaded in them), so nothing is oversubscribed.  Work is split into numbered items; which
// thread runs an item never changes a result, because an item's work depends on its number alone.
// Calls nest: a parallel loop inside an item runs sequentially.  Threads start at first use.
class ThreadPool {
 public:
  // The process's pool; made at first use with as many threads as cores this process may use
  // (affinity, cgroup quota), or LUNOPS_THREADS, or OMP_NUM_THREADS, and leaked on purpose (no work
  // at exit).
  static ThreadPool& process();

  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept;  // size of the pool, the calling thread included
  void resize(int threads);      // only between loops

  // Calls f(item, worker) for item = 0 … items-1, on at most `share` threads; worker is in [0,
  // share) and is unique among the calls that run at one time, so it may index per-thread
  // workspace.  Returns when all are done.  The first exception thrown by an item is rethrown; the
  // remaining items are skipped.
  template <class F>
  void run(int64_t items, int share, const F& f) {
    run_erased(
        items, share,
        [](const void* g, int64_t item, int worker) { (*static_cast<const F*>(g))(item, worker); },
        &f);
  }

 private:
  using Call = void (*)(const void*, int64_t item, int worker);
  void run_erased(int64_t items, int share, Call call, const void* f);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lunops
