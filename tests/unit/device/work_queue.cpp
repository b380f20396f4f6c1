// SPDX-License-Identifier: MIT
#include "runtime/device/work_queue.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "tests/unit/device/declared.hpp"

using namespace lunops;

namespace {

const Device kFirst{DeviceKind::cpu, 0}, kSecond{DeviceKind::cpu, 1};

// Notes the numbers of its items, without a lock: one queue runs them one after another.
struct Notes {
  std::vector<int64_t> seen;
  std::latch done;

  explicit Notes(int64_t items) : done(items) { seen.reserve(static_cast<size_t>(items)); }
  WorkQueue::Item item(int64_t index) {
    return {[](void* self, int64_t i) noexcept {
              auto& notes = *static_cast<Notes*>(self);
              notes.seen.push_back(i);
              notes.done.count_down();
            },
            this, index};
  }
};

}  // namespace

TEST_CASE("WorkQueue: runs items in the order of submission, on one thread of its own",
          "[pool][queue]") {
  WorkQueue queue(kFirst, kFirst, false);
  constexpr int64_t items = 1000;  // several times the first ring
  Notes notes(items);

  for (int64_t i = 0; i < items; ++i) queue.submit(notes.item(i));
  notes.done.wait();

  bool is_in_order = true;
  for (int64_t i = 0; i < items; ++i) is_in_order &= notes.seen[static_cast<size_t>(i)] == i;
  CHECK(is_in_order);
}

TEST_CASE("WorkQueue: submissions of several threads keep the order of each", "[pool][queue]") {
  WorkQueue queue(kFirst, kSecond, true);
  constexpr int64_t threads = 4, each = 250;
  Notes notes(threads * each);

  std::vector<std::thread> submitters;
  for (int64_t t = 0; t < threads; ++t) {
    submitters.emplace_back([&, t] {
      for (int64_t i = 0; i < each; ++i) queue.submit(notes.item(t * each + i));
    });
  }
  for (std::thread& thread : submitters) thread.join();
  notes.done.wait();

  std::vector<int64_t> last(threads, -1);
  bool is_in_order = true;
  for (const int64_t i : notes.seen) {
    is_in_order &= i % each == last[static_cast<size_t>(i / each)] + 1;
    last[static_cast<size_t>(i / each)] = i % each;
  }
  CHECK(is_in_order);
}

TEST_CASE("WorkQueue: two queues run at the same time", "[pool][queue]") {
  WorkQueue a(kFirst, kFirst, false), b(kSecond, kSecond, false);
  std::latch both(2), done(2);
  // Each item waits for the other: on one thread this would never end.
  struct Meeting {
    std::latch *both, *done;
  } meeting{&both, &done};
  const WorkQueue::Item meet{[](void* self, int64_t) noexcept {
                               const auto& m = *static_cast<Meeting*>(self);
                               m.both->arrive_and_wait();
                               m.done->count_down();
                             },
                             &meeting, 0};

  a.submit(meet);
  b.submit(meet);
  done.wait();

  CHECK(done.try_wait());
}

TEST_CASE("WorkQueue: one for each device and each ordered pair, made at first use",
          "[pool][queue]") {
  const test::Declared cpus(2);
  const Device host = Device::host();
  WorkQueue& compute = WorkQueue::compute(kSecond);
  WorkQueue& up = WorkQueue::transfer(host, kSecond);
  WorkQueue& down = WorkQueue::transfer(kSecond, host);
  WorkQueue& across = WorkQueue::transfer(kFirst, kSecond);
  const int64_t before = WorkQueue::count();

  CHECK(&WorkQueue::compute(kSecond) == &compute);
  CHECK(&WorkQueue::transfer(host, kSecond) == &up);
  CHECK(WorkQueue::count() == before);
  CHECK(compute.name() == "cpu:1");
  CHECK(up.name() == "cpu>1");
  CHECK(down.name() == "1>cpu");
  CHECK(across.name() == "0>1");
  CHECK(up.source() == host);
  CHECK(up.target() == kSecond);
  CHECK(up.device() == kSecond);
  CHECK(up.is_transfer());
  CHECK_FALSE(compute.is_transfer());
  CHECK_THROWS_WITH(WorkQueue::compute({DeviceKind::cpu, 7}),
                    "device: there is no cpu:7; 2 virtual devices are declared: "
                    "lo.virtual_devices{ cpu = 8 }");
}

TEST_CASE("WorkQueue: wait_all returns when what was submitted before is done", "[pool][queue]") {
  const test::Declared cpus(2);
  std::atomic<int> done{0};
  const WorkQueue::Item item{[](void* self, int64_t) noexcept {
                               std::this_thread::sleep_for(std::chrono::milliseconds(2));
                               ++*static_cast<std::atomic<int>*>(self);
                             },
                             &done, 0};

  for (int i = 0; i < 3; ++i) {
    WorkQueue::compute(kSecond).submit(item);
    WorkQueue::transfer(Device::host(), kFirst).submit(item);
  }
  WorkQueue::wait_all();

  CHECK(done == 6);
}

TEST_CASE("WorkQueue: denormals are zero while an item runs", "[queue]") {
  WorkQueue queue(kFirst, kFirst, false);
  struct Product {
    volatile float small = 1e-30F;
    float result = 1;
    std::latch done{1};
  } product;

  queue.submit({[](void* self, int64_t) noexcept {
                  auto& p = *static_cast<Product*>(self);
                  p.result = p.small * 1e-10F;
                  p.done.count_down();
                },
                &product, 0});
  product.done.wait();

#if defined(__x86_64__)
  CHECK(product.result == 0.0F);
#endif
}

#if !defined(__SANITIZE_THREAD__)
// ThreadSanitizer does not follow a program that forks with threads running.
TEST_CASE("WorkQueue: the child of a fork is told that the thread is missing, and ends",
          "[queue]") {
  WorkQueue queue(kFirst, kFirst, false);
  Notes notes(1);
  queue.submit(notes.item(0));
  notes.done.wait();

  const pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      queue.submit(notes.item(1));
    } catch (const Error& e) {
      status = e.code() == Code::forked ? 0 : 2;
    }
    _exit(status);
  }
  int status = -1;
  waitpid(child, &status, 0);

  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
