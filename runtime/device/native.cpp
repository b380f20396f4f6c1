// SPDX-License-Identifier: MIT
#include "runtime/device/native.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/device/loader.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::tuple<bool, Device, Device>, std::unique_ptr<NativeStream>> streams;
  std::map<Device, std::unique_ptr<NativeStream>> idle;
  std::map<std::pair<Device, bool>, std::vector<void*>> events;  // that nobody uses; timed ones
};

Registry& registry() {
  static Registry* const all =
      new Registry;  // leaked: the driver may be gone when the process ends
  return *all;
}

NativeStream& find(bool is_transfer, Device source, Device target) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  auto& stream = all.streams[{is_transfer, source, target}];
  if (stream == nullptr) stream = std::make_unique<NativeStream>(source, target, is_transfer);
  return *stream;
}

}  // namespace

const DeviceModule& module_of(Device gpu) {
  LUNOPS_ASSERT(is_gpu(gpu));
  const auto& module = *static_cast<const DeviceModule*>(load_module("cuda"));
  if (gpu.index >= module.devices()) {
    fail(Code::device, "device", "there is no {}; this machine has {} CUDA device(s)", gpu.text(),
         module.devices());
  }
  return module;
}

GpuRates gpu_rates(Device gpu) { return module_of(gpu).rates(gpu.index); }

NativeStream::NativeStream(Device source, Device target, bool is_transfer)
    : source_(source),
      target_(target),
      device_(is_gpu(target) ? target : source),
      name_(is_transfer ? source.text() + ">" + target.text() : target.text()),
      module_(&module_of(device_)),
      handle_(module_->make_stream(number_of(source), number_of(target))) {}

NativeStream& NativeStream::compute(Device gpu) { return find(false, gpu, gpu); }

NativeStream& NativeStream::transfer(Device source, Device target) {
  return find(true, source, target);
}

NativeStream& NativeStream::idle(Device gpu) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  auto& stream = all.idle[gpu];
  // A transfer stream is one of its own.
  if (stream == nullptr) stream = std::make_unique<NativeStream>(Device::host(), gpu, true);
  return *stream;
}

void prepare_contraction(
    const RawView& a, const RawView& b, int reduced, const RawView& y, const Stream& stream) {
  const Device device = stream.device();
  if (is_gpu(device)) module_of(device).prepare_contraction(a, b, reduced, y, stream);
}

std::vector<Device> gpus_in_use() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::vector<Device> gpus;
  for (const auto& [key, stream] : all.streams) {
    const Device gpu = stream->device();
    // Virtual ones may have been fewer since.
    if (!std::get<0>(key) && gpu.index < stream->module().devices()) gpus.push_back(gpu);
  }
  return gpus;
}

NativeEvent::NativeEvent(Device gpu, bool is_timed) : device_(gpu), is_timed_(is_timed) {
  Registry& all = registry();
  {
    const std::lock_guard lock(all.mutex);
    auto& unused = all.events[{gpu, is_timed}];
    if (!unused.empty()) {
      handle_ = unused.back();
      unused.pop_back();
      return;
    }
  }
  const DeviceModule& module = module_of(gpu);
  handle_ = is_timed ? module.make_timed_event(gpu.index) : module.make_event(gpu.index);
}

NativeEvent::~NativeEvent() {
  if (handle_ == nullptr) return;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  try {
    all.events[{device_, is_timed_}].push_back(handle_);
  } catch (const std::bad_alloc&) {
    // Then it is never used again.
  }
}

void NativeEvent::swap(NativeEvent& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(is_timed_, other.is_timed_);
  std::swap(handle_, other.handle_);
}

void NativeEvent::record(const NativeStream& stream) {
  stream.module().record(handle_, stream.handle());
}

void NativeEvent::make_wait(const NativeStream& stream) const {
  stream.module().wait(stream.handle(), handle_);
}

void NativeEvent::synchronize() const { module_of(device_).synchronize(handle_); }

double NativeEvent::seconds_to(const NativeEvent& later) const {
  LUNOPS_ASSERT(is_timed_ && later.is_timed_);
  return module_of(device_).milliseconds(handle_, later.handle_) / 1e3;
}

}  // namespace lunops
