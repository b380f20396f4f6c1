// SPDX-License-Identifier: MIT
#include "runtime/device/pool.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <utility>

#include "runtime/core/error.hpp"
#include "runtime/device/cores.hpp"
#include "runtime/device/graph.hpp"
#include "runtime/device/native.hpp"
#include "runtime/device/virtual_devices.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(data, bytes) ((void)(data), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(data, bytes) ((void)(data), (void)(bytes))
#endif

namespace lunops {

namespace {

constexpr size_t kSmallest = 64;  // also the alignment: one cache line, one AVX-512 register
constexpr size_t kHugePage = size_t{2} << 20;
// From here on, huge pages are asked for: on a virtual machine, touching 2 MiB of new memory took
// 0.14 ms in one huge page and 0.9 ms in small ones.
constexpr size_t kHuge = kHugePage / 2;

// Eight classes per doubling: at most an eighth is lost to rounding up.
struct SizeClass {
  size_t number;
  size_t bytes;
};

SizeClass class_of(size_t bytes) noexcept {
  if (bytes <= kSmallest) return {0, kSmallest};
  const int log = std::bit_width(bytes - 1) - 1;  // 2^log < bytes <= 2^(log+1)
  const size_t base = size_t{1} << log;
  // Below 512 bytes an eighth would break the alignment.
  const size_t step = std::max(base / 8, kSmallest);
  const size_t rounded = (bytes + step - 1) / step * step;
  return {static_cast<size_t>(log) * 8 + (rounded - base) / (base / 8), rounded};
}

void* allocate_host(size_t bytes) noexcept {
  if (bytes < kHuge) return std::aligned_alloc(kSmallest, bytes);
  // A rest of half a page or more gets a whole one.
  const size_t rest = bytes % kHugePage;
  const size_t huge = bytes - rest + (rest >= kHuge ? kHugePage : 0);
  // Whole pages of addresses; what is never touched costs no memory.
  void* data = std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage);
  // Only advice: without huge pages the block serves as well, more slowly.
  if (data != nullptr) madvise(data, huge, MADV_HUGEPAGE);
  return data;
}

}  // namespace

struct Pool::State {
  Device device;
  const DeviceModule* module = nullptr;
  size_t system_limit = 0;  // host: cached blocks go back before live + cached exceeds this
  mutable std::mutex mutex;
  Figures figures;
  std::vector<std::vector<std::byte*>> cached;  // by class
  std::vector<size_t> class_bytes;
  int64_t fail_in = -1;
  bool fail_sticky = false;

  void free_now(std::byte* data, size_t capacity) noexcept {
    if (module != nullptr) {
      module->release(device.index, data);
    } else {
      ASAN_UNPOISON_MEMORY_REGION(data, capacity);
      std::free(data);
    }
  }

  void trim_locked() noexcept {
    for (size_t number = 0; number < cached.size(); ++number) {
      for (std::byte* data : cached[number]) free_now(data, class_bytes[number]);
      figures.cached -= cached[number].size() * class_bytes[number];
      cached[number].clear();
    }
  }

  // Null if the block cannot be had.
  std::byte* attempt(const SizeClass& size) {
    if (fail_in == 0) {
      if (!fail_sticky) fail_in = -1;
      return nullptr;
    }
    if (fail_in > 0) --fail_in;
    if (size.number < cached.size() && !cached[size.number].empty()) {
      std::byte* data = cached[size.number].back();
      cached[size.number].pop_back();
      figures.cached -= size.bytes;
      return data;
    }
    if (system_limit != 0 && figures.cached > 0 &&
        figures.live + figures.cached + size.bytes > system_limit) {
      trim_locked();
    }
    void* data =
        module != nullptr ? module->allocate(device.index, size.bytes) : allocate_host(size.bytes);
    if (data != nullptr) ++figures.system;
    return static_cast<std::byte*>(data);
  }
};

Pool::Pool(Device device) : state_(std::make_unique<State>()) {
  state_->device = device;
  if (device.kind == DeviceKind::cuda) {
    state_->module = &module_of(device);
  } else {
    require_declared(device);
    state_->system_limit = usable_memory() / 5 * 4;
  }
}

Pool::~Pool() { trim(); }

Pool& Pool::of(Device device) {
  struct Registry {
    std::mutex mutex;
    std::map<std::pair<DeviceKind, int>, std::unique_ptr<Pool>> pools;
  };
  static Registry* const registry = new Registry;
  // The host's pool is asked for at every allocation.
  static Pool* const host = [] {
    auto& pool = registry->pools[{DeviceKind::cpu, -1}];
    pool = std::make_unique<Pool>(Device::host());
    return pool.get();
  }();
  if (device.is_host()) return *host;
  const std::lock_guard lock(registry->mutex);
  // Memory of a device that was declared once is given back to its pool also later.
  auto& pool = registry->pools[{device.kind, device.index}];
  if (!pool) pool = std::make_unique<Pool>(device);
  return *pool;
}

Block Pool::allocate(size_t bytes) {
  State& s = *state_;
  const Code code = s.device.kind == DeviceKind::cpu ? Code::host_memory : Code::device_memory;
  if (bytes > (size_t{1} << 53)) {
    fail(code, "allocate", "{} bytes are more than any device has", bytes);
  }
  require_declared(s.device);
  // Graphs outlive what is allocated while they are captured.
  if (s.module != nullptr) refuse_while_capturing("new memory");
  const SizeClass size = class_of(bytes);
  const std::lock_guard lock(s.mutex);
  ++s.figures.allocations;
  std::byte* data = s.attempt(size);
  if (data == nullptr) {
    s.trim_locked();
    if (s.module == nullptr) malloc_trim(0);
    data = s.attempt(size);
  }
  if (data == nullptr) {
    fail(code, "allocate", "{} bytes on {} could not be had; {} bytes are in use", bytes,
         s.device.text(), s.figures.live);
  }
  s.figures.live += size.bytes;
  s.figures.peak = std::max(s.figures.peak, s.figures.live);
  if (s.module == nullptr) {
    ASAN_POISON_MEMORY_REGION(data, size.bytes);
    ASAN_UNPOISON_MEMORY_REGION(data, bytes);
  }
  return {data, bytes, size.bytes};
}

void Pool::release(Block block) noexcept {
  if (block.data == nullptr) return;
  State& s = *state_;
  const SizeClass size = class_of(block.bytes);
  const std::lock_guard lock(s.mutex);
  s.figures.live -= block.capacity;
  try {
    if (size.number >= s.cached.size()) {
      s.class_bytes.resize(size.number + 1, 0);
      s.cached.resize(size.number + 1);
    }
    s.cached[size.number].push_back(block.data);
    s.class_bytes[size.number] = size.bytes;
  } catch (const std::bad_alloc&) {
    s.free_now(block.data, block.capacity);
    return;
  }
  s.figures.cached += block.capacity;
  if (s.module == nullptr) ASAN_POISON_MEMORY_REGION(block.data, block.capacity);
}

void Pool::trim() noexcept {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  s.trim_locked();
  if (s.module == nullptr) malloc_trim(0);
}

Pool::Figures Pool::figures() const {
  const std::lock_guard lock(state_->mutex);
  return state_->figures;
}

void Pool::reset_peak() {
  const std::lock_guard lock(state_->mutex);
  state_->figures.peak = state_->figures.live;
}

void Pool::fail_at(int64_t n, bool sticky) noexcept {
  const std::lock_guard lock(state_->mutex);
  state_->fail_in = n;
  state_->fail_sticky = sticky;
}

size_t Pool::memory_limit() const {
  const State& s = *state_;
  if (s.module != nullptr) return s.module->free_bytes(s.device.index) / 10 * 9;
  return s.system_limit;
}

}  // namespace lunops
