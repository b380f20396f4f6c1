// SPDX-License-Identifier: MIT
#undef _FORTIFY_SOURCE  // longjmp to another stack is what is meant here
#include "tests/cuda/simulated/threads.hpp"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

namespace lunops::simulated {

namespace {

constexpr size_t kStack = size_t{128} << 10;
constexpr size_t kShared = size_t{227} << 10;
constexpr int kWarp = 32;

enum class State : uint8_t { ready, at_block, at_warp, done };

struct Thread {
  State state = State::ready;
  unsigned mask = 0;  // of the warp that it waits for
  Lane lane;
};

class Block;

// Takes threads of the block that did not begin yet, one after the other; one that waits keeps it.
struct Fiber {
  std::unique_ptr<std::byte[]> stack = std::make_unique<std::byte[]>(kStack);
  jmp_buf context;
  Block* block = nullptr;
  int thread = -1;
  bool is_begun = false;
};

class Block {
 public:
  void run(const Place& where, const std::function<void()>& kernel, std::minstd_rand& random) {
    kernel_ = &kernel;
    place_ = where;
    const auto count = static_cast<size_t>(where.threads.x);
    threads_.assign(count, Thread{});
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0);
    next_ = 0;
    std::shuffle(order_.begin(), order_.end(), random);
    running_.clear();
    while (next_ < count) resume(*idle_fiber());
    while (!running_.empty()) {
      if (!release()) deadlock();
      std::shuffle(running_.begin(), running_.end(), random);
      const std::vector<Fiber*> turn = running_;
      for (Fiber* fiber : turn) {
        if (threads_[static_cast<size_t>(fiber->thread)].state == State::ready) resume(*fiber);
      }
    }
  }

  Thread& current() { return threads_[place_.thread.x]; }
  Thread& thread_at(size_t i) { return threads_[i]; }
  Place& place() { return place_; }
  unsigned char* shared() { return shared_.data(); }

  void wait(State state, unsigned mask) {
    Thread& self = current();
    self.state = state;
    self.mask = mask;
    Fiber* const fiber = current_;
    if (_setjmp(fiber->context) == 0) _longjmp(scheduler_, 1);
  }

 private:
  Fiber* idle_fiber() {
    if (idle_.empty()) {
      all_.push_back(std::make_unique<Fiber>());
      idle_.push_back(all_.back().get());
    }
    Fiber* fiber = idle_.back();
    idle_.pop_back();
    fiber->thread = -1;
    return fiber;
  }

  void resume(Fiber& fiber) {
    current_ = &fiber;
    if (fiber.thread >= 0) place_.thread.x = static_cast<unsigned>(fiber.thread);
    if (_setjmp(scheduler_) == 0) {
      if (fiber.is_begun) _longjmp(fiber.context, 1);
      begin(fiber);
    }
    const auto at = std::find(running_.begin(), running_.end(), &fiber);
    const bool is_waiting = fiber.thread >= 0;
    if (is_waiting && at == running_.end()) running_.push_back(&fiber);
    if (!is_waiting) {
      if (at != running_.end()) running_.erase(at);
      idle_.push_back(&fiber);
    }
  }

  void begin(Fiber& fiber) {
    fiber.is_begun = true;
    fiber.block = this;
    ucontext_t context, here;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber.stack.get();
    context.uc_stack.ss_size = kStack;
    context.uc_link = nullptr;
    const auto address = reinterpret_cast<uintptr_t>(&fiber);
    makecontext(&context, reinterpret_cast<void (*)()>(&Block::body), 2,
                static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
    swapcontext(&here, &context);  // comes back by scheduler_
  }

  static void body(unsigned high, unsigned low) {
    auto* const fiber = reinterpret_cast<Fiber*>(uintptr_t{high} << 32 | low);
    Block& block = *fiber->block;
    for (;;) {
      while (block.next_ < block.order_.size()) {
        fiber->thread = block.order_[block.next_++];
        block.place_.thread.x = static_cast<unsigned>(fiber->thread);
        (*block.kernel_)();
        block.threads_[static_cast<size_t>(fiber->thread)].state = State::done;
      }
      fiber->thread = -1;
      if (_setjmp(fiber->context) == 0) _longjmp(block.scheduler_, 1);
    }
  }

  // Makes those ready for whom all others are there; threads that ended count as there.
  bool release() {
    const auto is_at = [&](size_t i, State state) {
      return threads_[i].state == state || threads_[i].state == State::done;
    };
    bool is_any = false, is_all = true;
    for (size_t first = 0; first < threads_.size(); first += kWarp) {
      const size_t end = std::min(threads_.size(), first + kWarp);
      for (size_t i = first; i < end; ++i) {
        is_all = is_all && is_at(i, State::at_block);
        if (threads_[i].state != State::at_warp) continue;
        const unsigned mask = threads_[i].mask;
        bool is_here = true;
        for (size_t k = first; k < end; ++k) {
          if ((mask >> (k - first) & 1u) != 0) is_here = is_here && is_at(k, State::at_warp);
        }
        if (!is_here) continue;
        for (size_t k = first; k < end; ++k) {
          if ((mask >> (k - first) & 1u) != 0 && threads_[k].state == State::at_warp) {
            threads_[k].state = State::ready;
          }
        }
        is_any = true;
      }
    }
    if (!is_all) return is_any;
    for (Thread& thread : threads_) {
      if (thread.state == State::at_block) thread.state = State::ready;
    }
    return true;
  }

  [[noreturn]] void deadlock() const {
    int at_block = 0, at_warp = 0;
    for (const Thread& thread : threads_) {
      at_block += thread.state == State::at_block;
      at_warp += thread.state == State::at_warp;
    }
    std::fprintf(stderr,
                 "simulated GPU: in block %u %d threads wait for the block and %d for their warp, "
                 "for ever\n",
                 place_.block.x, at_block, at_warp);
    std::abort();
  }

  const std::function<void()>* kernel_ = nullptr;
  Place place_;
  std::vector<Thread> threads_;
  std::vector<int> order_;
  size_t next_ = 0;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> idle_, running_;
  Fiber* current_ = nullptr;
  jmp_buf scheduler_;
  std::vector<unsigned char> shared_ = std::vector<unsigned char>(kShared + 16);
};

// Of each thread of the host that runs kernels; never ended, since fibers cannot be unwound.
Block& block() {
  static thread_local Block* const own = new Block;
  return *own;
}

}  // namespace

Place& place() { return block().place(); }

void run_blocks(int64_t blocks, int threads, size_t shared, const std::function<void()>& kernel) {
  std::minstd_rand random(static_cast<unsigned>(blocks * 31 + threads));
  for (int64_t b = 0; b < blocks; ++b) {
    std::memset(shared_memory(), 0xff, shared);
    Place where;
    where.block.x = static_cast<unsigned>(b);
    where.threads.x = static_cast<unsigned>(threads);
    where.blocks.x = static_cast<unsigned>(blocks);
    where.threads.y = where.threads.z = where.blocks.y = where.blocks.z = 1;
    block().run(where, kernel, random);
  }
}

void* shared_memory() {
  auto address = reinterpret_cast<uintptr_t>(block().shared());
  return reinterpret_cast<void*>((address + 15) / 16 * 16);
}

void wait_for_block() { block().wait(State::at_block, 0); }
void wait_for_warp(unsigned mask) { block().wait(State::at_warp, mask); }

Lane& own_lane() { return block().current().lane; }
Lane& lane_at(unsigned lane) {
  const size_t first = block().place().thread.x / kWarp * kWarp;
  return block().thread_at(first + lane).lane;
}

}  // namespace lunops::simulated
