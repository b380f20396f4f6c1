// SPDX-License-Identifier: MIT
#include "runtime/device/thread_pool.hpp"

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"

using namespace lunops;

TEST_CASE("ThreadPool: every item runs exactly once, for any share", "[device][pool]") {
  ThreadPool pool(4);
  for (const int share : {1, 2, 4, 9}) {
    for (const int64_t items : {0, 1, 2, 3, 4, 5, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<size_t>(items));

      pool.run(items, share, [&](int64_t item, int) { ++runs[static_cast<size_t>(item)]; });

      for (const auto& n : runs) REQUIRE(n == 1);
    }
  }
}

TEST_CASE("ThreadPool: one thread runs the items in order on the calling thread",
          "[device][pool]") {
  ThreadPool pool(1);
  std::vector<int64_t> order;
  const auto caller = std::this_thread::get_id();

  pool.run(5, 8, [&](int64_t item, int worker) {
    CHECK(worker == 0);
    CHECK(std::this_thread::get_id() == caller);
    order.push_back(item);
  });

  CHECK(order == std::vector<int64_t>{0, 1, 2, 3, 4});
}

TEST_CASE("ThreadPool: worker numbers are below the share and never in use twice",
          "[device][pool]") {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::atomic<int> busy[3] = {};
    std::atomic<bool> clash{false};

    pool.run(64, 3, [&](int64_t, int worker) {
      if (worker < 0 || worker >= 3 || busy[worker].exchange(1) != 0) clash = true;
      busy[worker] = 0;
    });

    REQUIRE(!clash);
  }
}

TEST_CASE("ThreadPool: plain memory written by items is seen by the caller and by the next loop",
          "[device][pool]") {
  // The counts are plain integers on purpose: a missing ordering is a data race that
  // ThreadSanitizer reports.
  ThreadPool pool(4);
  std::vector<int64_t> counts(256, 0);

  for (int repeat = 0; repeat < 2000; ++repeat) {
    pool.run(256, 4, [&](int64_t item, int) { ++counts[static_cast<size_t>(item)]; });
  }

  CHECK(counts == std::vector<int64_t>(256, 2000));
}

TEST_CASE("ThreadPool: loops after the workers fell asleep run as well", "[device][pool]") {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::atomic<int64_t> sum{0};

    pool.run(100, 3, [&](int64_t item, int) { sum += item; });

    REQUIRE(sum == 4950);
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
}

TEST_CASE("ThreadPool: a loop inside an item runs on that item's thread", "[device][pool]") {
  ThreadPool pool(4);
  std::atomic<int> moved{0};
  std::atomic<int64_t> inner{0};

  pool.run(8, 4, [&](int64_t, int) {
    const auto outer = std::this_thread::get_id();
    pool.run(8, 4, [&](int64_t, int worker) {
      if (std::this_thread::get_id() != outer || worker != 0) ++moved;
      ++inner;
    });
  });

  CHECK(moved == 0);
  CHECK(inner == 64);
}

TEST_CASE("ThreadPool: an exception of an item reaches the caller, and the pool works on",
          "[device][pool]") {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 100; ++repeat) {
    std::atomic<int64_t> ran{0};

    CHECK_THROWS_WITH(pool.run(1000, 4,
                               [&](int64_t item, int) {
                                 if (item == 0) throw std::runtime_error("item 0");
                                 ++ran;
                               }),
                      "item 0");

    REQUIRE(ran < 1000);
    std::atomic<int64_t> after{0};
    pool.run(10, 4, [&](int64_t, int) { ++after; });
    REQUIRE(after == 10);
  }
}

TEST_CASE("ThreadPool: several host threads may use one pool at a time", "[device][pool]") {
  ThreadPool pool(3);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> hosts;
  for (int host = 0; host < 4; ++host) {
    hosts.emplace_back([&] {
      for (int repeat = 0; repeat < 300; ++repeat) {
        pool.run(10, 3, [&](int64_t item, int) { sum += item; });
      }
    });
  }
  for (auto& host : hosts) host.join();

  CHECK(sum == 4 * 300 * 45);
}

TEST_CASE("ThreadPool: resizing between loops changes the number of threads", "[device][pool]") {
  ThreadPool pool(2);
  for (const int threads : {4, 1, 3}) {
    pool.resize(threads);
    std::atomic<int> most{0};

    pool.run(500, 100, [&](int64_t, int worker) {
      int seen = most;
      while (worker > seen && !most.compare_exchange_weak(seen, worker)) {
      }
    });

    CHECK(pool.threads() == threads);
    CHECK(most < threads);
  }
  CHECK_THROWS_WITH(pool.resize(0), "threads: 0 is not a number of threads from 1 to 4096");
}

#if defined(__x86_64__)
TEST_CASE("ThreadPool: denormals are zero inside items on every thread, and only there",
          "[device][pool]") {
  ThreadPool pool(3);
  volatile double tiny = std::numeric_limits<double>::min();
  std::atomic<int> kept{0};

  pool.run(64, 3, [&](int64_t, int) {
    if (tiny / 4 != 0) ++kept;
  });
  pool.run(1, 1, [&](int64_t, int) {
    if (tiny / 4 != 0) ++kept;
  });

  CHECK(kept == 0);
  CHECK(tiny / 4 != 0);
}
#endif
