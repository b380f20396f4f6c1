// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/device.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/graphs.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/account.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/graph.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/device/virtual_devices.hpp"

namespace lunops::cuda {

namespace {

int physical_gpus() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return count;
}

}  // namespace

namespace {

// What kernels are taken to reach of the clocks' products: guesses, to be measured.
constexpr double kOfBandwidth = 0.85, kOfArithmetic = 0.5, kOfShared = 0.5;
constexpr double kLaunch = 4e-6;  // s

template <class Attribute>
GpuRates rates_by(const Attribute& attribute) {
  // Told in kHz, widths in bits.  Where a driver tells none of either, those of an A100.
  const double told = 1e3 * attribute(cudaDevAttrClockRate);
  const double clock = told > 0 ? told : 1.41e9;
  const double sms = attribute(cudaDevAttrMultiProcessorCount);
  const int major = attribute(cudaDevAttrComputeCapabilityMajor);
  const int minor = attribute(cudaDevAttrComputeCapabilityMinor);
  // Multiply-adds per clock and multiprocessor (CUDA C++ Programming Guide, "Arithmetic
  // Instructions").
  const double singles = major == 8 && minor == 0 ? 64 : 128;
  const double doubles = minor != 0 || major > 10 ? 2 : major == 8 ? 32 : 64;
  const double memory =
      2e3 * attribute(cudaDevAttrMemoryClockRate) * attribute(cudaDevAttrGlobalMemoryBusWidth) / 8;
  GpuRates made;
  // Two transfers per clock.
  made.bytes = kOfBandwidth * (memory > 0 ? memory : 1.555e12);
  made.flops_single = kOfArithmetic * 2 * singles * sms * clock;
  made.flops_double = kOfArithmetic * 2 * doubles * sms * clock;
  made.shared_bytes = kOfShared * 128 * sms * clock;
  made.launch = kLaunch;
  return made;
}

}  // namespace

int count_gpus() {
  const int count = physical_gpus(), parts = virtual_devices()->cuda;
  return count == 0 || parts == 0 ? count : parts;
}

int physical(int device) {
  static const int count = std::max(1, physical_gpus());
  return device % count;
}

void use(int device) { check(cudaSetDevice(physical(device)), "cudaSetDevice"); }

Gpu& Gpu::at(int index) {
  struct Registry {
    std::mutex mutex;
    std::map<int, std::unique_ptr<Gpu>> gpus;
  };
  static Registry* const registry = new Registry;
  const std::lock_guard lock(registry->mutex);
  auto& known = registry->gpus[index];
  if (known != nullptr) return *known;
  auto gpu = std::make_unique<Gpu>();
  gpu->index = index;
  use(index);
  const auto attribute = [&](cudaDeviceAttr name) {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, name, physical(index)), "cudaDeviceGetAttribute");
    return value;
  };
  gpu->multiprocessors = attribute(cudaDevAttrMultiProcessorCount);
  gpu->has_ordered_memory = attribute(cudaDevAttrMemoryPoolsSupported) != 0;
  gpu->shared_bytes = static_cast<size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
  gpu->rates = rates_by(attribute);
  if (gpu->has_ordered_memory) {
    // What was given back stays with the driver's pool: by default each wait of the host would
    // return it to the system.
    cudaMemPool_t pool = nullptr;
    check(cudaDeviceGetDefaultMemPool(&pool, physical(index)), "cudaDeviceGetDefaultMemPool");
    uint64_t kept = UINT64_MAX;
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept),
          "cudaMemPoolSetAttribute");
  }
  check(cudaStreamCreateWithFlags(&gpu->compute, cudaStreamNonBlocking),
        "cudaStreamCreateWithFlags");
  known = std::move(gpu);
  return *known;
}

int Gpu::resident_blocks(const void* kernel, int threads) {
  const std::lock_guard lock(kernels_mutex_);
  const auto [known, is_new] = resident_.try_emplace(kernel, 0);
  if (is_new) {
    use(index);
    const cudaError_t status =
        cudaOccupancyMaxActiveBlocksPerMultiprocessor(&known->second, kernel, threads, 0);
    if (status != cudaSuccess) resident_.erase(known);
    check(status, "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
  }
  return known->second;
}

void Gpu::allow_most_shared(const void* kernel) {
  const std::lock_guard lock(kernels_mutex_);
  if (most_shared_.count(kernel) != 0) return;
  use(index);
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(shared_bytes)),
        "cudaFuncSetAttribute");
  most_shared_.insert(kernel);
}

cudaStream_t enter(const Stream& stream) {
  use(stream.device().index);
  return stream_for_work(*static_cast<const GpuStream*>(stream.native()));
}

namespace {

void* take(int device, size_t bytes, cudaStream_t stream, std::string_view call) {
  void* data = nullptr;
  const cudaError_t status = Gpu::at(device).has_ordered_memory
                                 ? cudaMallocAsync(&data, bytes, stream)
                                 : cudaMalloc(&data, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check(status, call);
  return data;
}

void give(int device, void* data, cudaStream_t stream) noexcept {
  // Nothing can be done about an error here: the next call that is checked reports it.
  if (cudaSetDevice(physical(device)) != cudaSuccess) return;
  if (Gpu::at(device).has_ordered_memory) {
    cudaFreeAsync(data, stream);
  } else {
    cudaFree(data);
  }
}

}  // namespace

Scratch::Scratch(size_t bytes, const Stream& stream)
    : device_(stream.device().index), stream_(enter(stream)) {
  if (bytes == 0) return;
  if (!Gpu::at(device_).has_ordered_memory) refuse_while_capturing("scratch of a kernel");
  data_ = take(device_, bytes, stream_, "cudaMallocAsync");
  if (data_ == nullptr) {
    make_room(stream);
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    data_ = take(device_, bytes, stream_, "cudaMallocAsync");
  }
  if (data_ == nullptr) fail_memory(fmt::format("{} bytes of scratch do", bytes), stream);
}

Scratch::~Scratch() {
  if (data_ != nullptr) give(device_, data_, stream_);
}

void make_room(const Stream& stream) {
  refuse_while_capturing("memory that must be made room for");
  const Device device = stream.device();
  // How much is wanted, libraries do not say.
  if (stream.account() != nullptr) stream.account()->collect(0);
  Arena::trim(device);
  Pool::of(device).trim();
  use(device.index);
  const Gpu& gpu = Gpu::at(device.index);
  check(cudaStreamSynchronize(gpu.compute), "cudaStreamSynchronize");
  if (!gpu.has_ordered_memory) return;
  // What libraries take by cudaMalloc does not come out of the driver's pool.
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, physical(device.index)), "cudaDeviceGetDefaultMemPool");
  check(cudaMemPoolTrimTo(pool, 0), "cudaMemPoolTrimTo");
  // Nor what graphs keep between launches.
  check(cudaDeviceGraphMemTrim(physical(device.index)), "cudaDeviceGraphMemTrim");
}

void fail_memory(std::string_view what_does, const Stream& stream) {
  if (stream.account() == nullptr) {
    fail(Code::device_memory, "allocate", "{} not fit on {}", what_does, stream.device().text());
  }
  // As the account says of allocations whose bytes are known.
  const Account::Figures now = stream.account()->figures();
  std::string list;
  for (const std::string& line : stream.account()->largest(8)) list += "\n  " + line;
  fail(Code::device_memory, "allocate",
       "{} not fit on {}: {} of {} bytes are in use; drop tensors or raise the memory limit; "
       "largest live tensors:{}",
       what_does, stream.device().text(), now.live + now.workspace, now.budget,
       list.empty() ? " none" : list);
}

// In the order of the compute stream: the runtime gives memory back when all work that it knows of
// is joined there.
void* allocate(int device, size_t bytes) {
  refuse_while_capturing("new memory");
  use(device);
  return take(device, bytes, Gpu::at(device).compute, "cudaMallocAsync");
}

void release(int device, void* data) noexcept { give(device, data, Gpu::at(device).compute); }

size_t free_bytes(int device) {
  use(device);
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  if (Gpu::at(device).has_ordered_memory) {
    // The driver's pool holds what was given back.
    cudaMemPool_t pool = nullptr;
    uint64_t held = 0, used = 0;
    check(cudaDeviceGetDefaultMemPool(&pool, physical(device)), "cudaDeviceGetDefaultMemPool");
    check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &held),
          "cudaMemPoolGetAttribute");
    check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used),
          "cudaMemPoolGetAttribute");
    free += held - std::min(held, used);
  }
  return free;
}

GpuRates rates(int device) { return Gpu::at(device).rates; }

}  // namespace lunops::cuda
