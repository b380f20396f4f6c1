// SPDX-License-Identifier: MIT
#include <cstring>
#include <deque>
#include <thread>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/tensor/tensor.hpp"

using namespace lunops;

namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Switches the failure of allocations off again, also when a check throws.
struct FailAt {
  FailAt(int64_t n, bool sticky) { Pool::of(Device::host()).fail_at(n, sticky); }
  ~FailAt() { Pool::of(Device::host()).fail_at(-1, false); }
};

// What a Lua state does to buffers: they stay until a collection, which drops the dead ones.
struct Collector {
  std::deque<std::shared_ptr<Storage>> dead;
  uint64_t runs = 0;

  static bool collect(void* self, Device, size_t) noexcept {
    auto* collector = static_cast<Collector*>(self);
    collector->dead.clear();
    ++collector->runs;
    return true;
  }
};

Context with_budget(size_t budget) {
  Context context;
  context.account = std::make_shared<Account>(Device::host(), budget);
  return context;
}

}  // namespace

TEST_CASE("Pool: a freed block is handed out again without reaching the system", "[device][pool]") {
  Pool pool(Device::host());
  const Block first = pool.allocate(1000);
  std::memset(first.data, 1, first.bytes);
  pool.release(first);

  const Block again = pool.allocate(990);  // of the same size class

  CHECK(again.data == first.data);
  CHECK(reinterpret_cast<uintptr_t>(again.data) % 64 == 0);
  const Pool::Figures figures = pool.figures();
  CHECK(figures.allocations == 2);
  CHECK(figures.system == 1);
  CHECK(figures.cached == 0);
  pool.release(again);
  CHECK(pool.figures().live == 0);
  CHECK(pool.figures().cached > 0);
  pool.trim();
  CHECK(pool.figures().cached == 0);
}

TEST_CASE("Pool: blocks hold what was asked for, and at most an eighth more", "[device][pool]") {
  Pool pool(Device::host());
  for (size_t bytes = 0; bytes < 5000; ++bytes) {
    const Block block = pool.allocate(bytes);
    REQUIRE(block.capacity >= bytes);
    REQUIRE(reinterpret_cast<uintptr_t>(block.data) % 64 == 0);
    if (bytes > 512) REQUIRE(block.capacity <= bytes + bytes / 8 + 64);
    pool.release(block);
  }
  const Block huge = pool.allocate(65 * kMiB);
  CHECK(huge.capacity <= 74 * kMiB);
  huge.data[65 * kMiB - 1] = std::byte{1};
  pool.release(huge);
}

TEST_CASE("Pool: threads take and give back at the same time", "[device][pool]") {
  Pool pool(Device::host());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 2000; ++i) {
        const Block block = pool.allocate(64 * (1 + (i + static_cast<size_t>(t)) % 7));
        std::memset(block.data, t, block.bytes);
        pool.release(block);
      }
    });
  }
  for (auto& thread : threads) thread.join();

  CHECK(pool.figures().live == 0);
  CHECK(pool.figures().allocations == 8000);
}

TEST_CASE("Pool: one failure is retried, lasting ones are an error that leaves the pool usable",
          "[device][pool]") {
  Pool pool(Device::host());
  pool.fail_at(0, false);
  pool.release(pool.allocate(100));  // the retry succeeds

  pool.fail_at(1, true);
  const Block kept = pool.allocate(100);
  CHECK_THROWS_WITH(pool.allocate(200),
                    "allocate: 200 bytes on cpu could not be had; 128 bytes are in use");
  pool.fail_at(-1, false);
  pool.release(pool.allocate(200));
  pool.release(kept);
  CHECK(pool.figures().live == 0);
}

TEST_CASE("Account: a loop of dead 64 MiB buffers stays below the limit plus one buffer",
          "[device]") {
  // 16 GiB of budget, 4 GiB of floor; nothing is written to the buffers, so they take no memory.
  Context context = with_budget(size_t{16} << 30);
  Collector collector;
  context.account->set_pressure(&Collector::collect, &collector);
  const size_t bytes = 64 * kMiB;

  for (int i = 0; i < 5000; ++i) {
    std::shared_ptr<Storage> live = Storage::make(bytes, context);
    collector.dead.push_back(std::move(live));
  }

  const Account::Figures figures = context.account->figures();
  CHECK(figures.peak <= figures.limit + bytes);
  CHECK(figures.limit == size_t{4} << 30);
  CHECK(collector.runs > 0);
  CHECK(collector.runs < 100);  // one for 64 buffers
  CHECK(figures.collections == collector.runs);
  collector.dead.clear();
  Pool::of(Device::host()).trim();
}

TEST_CASE("Account: with much alive, collections come for every twentieth of the limit",
          "[device]") {
  Context context = with_budget(1000 * kMiB);
  Collector collector;
  context.account->set_pressure(&Collector::collect, &collector);
  const std::shared_ptr<Storage> held = Storage::make(700 * kMiB, context);
  const uint64_t before = collector.runs;

  for (int i = 0; i < 1000; ++i) collector.dead.push_back(Storage::make(kMiB, context));

  // Each collection brings `live` back to 700 MiB and sets the limit to 1.4 times that, below the
  // budget: the next one comes some 281 MiB later.
  CHECK(collector.runs - before >= 3);
  CHECK(collector.runs - before <= 5);
  collector.dead.clear();
}

TEST_CASE("Account: what does not fit is an error that lists the largest tensors", "[device]") {
  Context context = with_budget(8 * kMiB);
  context.origin = "recon.lua:12";
  const Tensor big = Tensor::empty(Shape::parse("y=512 x=1024"), DType::c64, context);
  const Tensor small = Tensor::empty(Shape::parse("x=10"), DType::f32, context);

  CHECK_THROWS_WITH(Tensor::empty(Shape::parse("x=1000000"), DType::c64, context),
                    "allocate: 8000000 bytes do not fit on cpu: 4194344 of 8388608 bytes are in "
                    "use; drop tensors or raise the memory limit; "
                    "largest live tensors:\n"
                    "  c64 {y=512, x=1024}, 4194304 bytes, made at recon.lua:12\n"
                    "  f32 {x=10}, 40 bytes");

  CHECK(context.account->figures().live == big.bytes() + small.bytes());
  CHECK_NOTHROW(Tensor::empty(Shape::parse("x=1000"), DType::c64, context));
}

TEST_CASE("Account: an allocation that fails collects, gives arenas back and tries again",
          "[device]") {
  Context context = with_budget(64 * kMiB);
  Collector collector;
  context.account->set_pressure(&Collector::collect, &collector);
  { const Arena::Lease lease = Arena::lease(kMiB, context); }
  REQUIRE(Arena::bytes(Device::host()) >= kMiB);
  const auto live = context.account->figures().live;
  {
    const FailAt fail(0, true);

    try {
      Storage::make(100, context);
      FAIL("no error");
    } catch (const Error& e) {
      CHECK(e.code() == Code::host_memory);
    }
  }
  CHECK(collector.runs == 1);
  CHECK(Arena::bytes(Device::host()) == 0);
  CHECK(context.account->figures().live == live);
  CHECK_NOTHROW(Storage::make(100, context));
}

TEST_CASE("Account: wherever an allocation fails, tensors stay usable", "[device]") {
  Context context;
  const Tensor x = arange(Shape::parse("y=4 x=5"), DType::f32, context);
  const Tensor operands[] = {x, x.rename({{"y", "z"}})};
  const auto work = [&] {
    const Tensor sum =
        binary(Binary::add, x, x.permute("x y").clone(context).permute("y x"), context);
    return item(reduce(Reduction::sum, einsum("y x, z x -> y z", operands, context), {0, 1},
                       context))
               .real() +
           norm(sum, context);
  };
  const double expected = work();
  const auto live = context.account->figures().live;

  for (int64_t n = 0; n < 12; ++n) {
    const FailAt fail(n, true);
    try {
      const double result = work();
      CHECK(result == expected);
    } catch (const Error& e) {
      CHECK(e.code() == Code::host_memory);
    }
    CHECK(context.account->figures().live == live);
  }
  CHECK(work() == expected);
}

TEST_CASE("Arena: a second lease of the same size takes nothing from the pool", "[device]") {
  Context context;
  Arena::trim(Device::host());
  { const Arena::Lease lease = Arena::lease(5000, context); }
  const auto before = Pool::of(Device::host()).figures().allocations;

  for (int i = 0; i < 10; ++i) {
    const Arena::Lease lease = Arena::lease(4000 + 100 * static_cast<size_t>(i), context);
    CHECK(reinterpret_cast<uintptr_t>(lease.data()) % 64 == 0);
  }

  CHECK(Pool::of(Device::host()).figures().allocations == before);
}

TEST_CASE("Arena: applications work one at a time in a lease that is lent", "[device]") {
  Context context;
  const Arena::Lease mine = Arena::lease(kMiB, context);
  const size_t workspace = context.account->figures().workspace;
  {
    const Arena::Loan loan(mine, Device::host());
    for (int i = 0; i < 2; ++i) {
      const Arena::Lease first = Arena::lease(kMiB, context);
      CHECK(first.data() == mine.data());
      CHECK(context.account->figures().workspace == workspace);  // counted once
      CHECK(Arena::lease(1000, context).data() != mine.data());  // it is taken
    }
    CHECK(Arena::lease(kMiB + 1, context).data() != mine.data());  // more than there is
    std::byte* elsewhere = mine.data();
    std::thread([&] { elsewhere = Arena::lease(kMiB, context).data(); }).join();
    CHECK(elsewhere != mine.data());
  }
  CHECK(Arena::lease(kMiB, context).data() != mine.data());
}

TEST_CASE("Arena: workspace counts towards budget and peak while it is leased", "[device]") {
  Context context = with_budget(8 * kMiB);
  Arena::trim(Device::host());
  const Tensor x = Tensor::empty(Shape::parse("x=786432"), DType::c64, context);  // 6 MiB
  {
    const Arena::Lease lease = Arena::lease(kMiB, context);
    CHECK(context.account->figures().workspace == kMiB);
    CHECK(context.account->figures().live == 6 * kMiB);

    // 6 + 1 of 8 MiB are in use: two more do not fit, neither as tensor nor as workspace.
    const char* text =
        "allocate: 2097152 bytes do not fit on cpu: 7340032 of 8388608 bytes are in use; drop "
        "tensors or raise the memory limit; largest live tensors:\n"
        "  c64 {x=786432}, 6291456 bytes";
    CHECK_THROWS_WITH(Storage::make(2 * kMiB, context), text);
    CHECK_THROWS_WITH(Arena::lease(2 * kMiB, context), text);
    CHECK(context.account->figures().workspace == kMiB);
  }
  CHECK(context.account->figures().workspace == 0);
  CHECK(context.account->figures().peak == 7 * kMiB);
  CHECK_NOTHROW(Arena::lease(2 * kMiB, context));
  context.account->reset_peak();
  CHECK(context.account->figures().peak == 6 * kMiB);
}

TEST_CASE("Arena: a lease that cannot be had is an error that leaves arenas usable", "[device]") {
  Context context;
  Arena::trim(Device::host());
  {
    const FailAt fail(0, true);
    CHECK_THROWS_WITH(Arena::lease(5 * kMiB, context),
                      Catch::Contains("5242880 bytes do not fit on cpu: 0 of"));
  }
  CHECK(context.account->figures().workspace == 0);
  CHECK(Arena::bytes(Device::host()) == 0);
  const Arena::Lease lease = Arena::lease(5 * kMiB, context);
  CHECK(lease.data() != nullptr);
}

TEST_CASE("Arena: two leases at once do not overlap, and idle arenas can be given back",
          "[device]") {
  Context context;
  {
    Arena::Lease a = Arena::lease(1000, context);
    const Arena::Lease b = Arena::lease(1000, context);
    CHECK(a.data() != b.data());
    std::memset(a.data(), 1, 1000);
    std::memset(b.data(), 2, 1000);
    CHECK(a.data()[999] == std::byte{1});
    Arena::trim(Device::host());
    CHECK(Arena::bytes(Device::host()) >= 2000);
    const Arena::Lease moved = std::move(a);
    CHECK(moved.data()[0] == std::byte{1});
  }
  Arena::trim(Device::host());
  CHECK(Arena::bytes(Device::host()) == 0);
  CHECK(Arena::lease(0, context).data() == nullptr);
}

TEST_CASE("Storage: adopted memory is released once, when the last view goes", "[device]") {
  int released = 0;
  float memory[4] = {1, 2, 3, 4};
  {
    Context context;
    const Tensor x(Storage::adopt(
                       memory, sizeof memory, Device::host(), [&] { ++released; }, false),
                   Layout::row_major(Shape::parse("x=4")), 0, DType::f32);
    const Tensor view = x.slice(0, 1, 2);
    fill(view, 7, context);
    CHECK(released == 0);
  }
  CHECK(released == 1);
  CHECK(memory[1] == 7);
}

TEST_CASE("Account: what is alive can be listed while other threads make and drop it",
          "[device][pool]") {
  Context context;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([context]() mutable {
      for (int i = 0; i < 500; ++i) Tensor::empty(Shape::parse("x=3"), DType::f32, context);
    });
  }
  for (int i = 0; i < 500; ++i) {
    for (const std::string& line : context.account->largest(8)) {
      if (line != "f32 {x=3}, 12 bytes") FAIL_CHECK(line);
    }
  }
  for (auto& thread : threads) thread.join();

  CHECK(context.account->figures().live == 0);
}
