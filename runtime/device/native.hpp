// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/device/device.hpp"
#include "runtime/device/device_module.hpp"

namespace lunops {

class Stream;
struct RawView;

inline bool is_gpu(Device device) noexcept { return device.kind == DeviceKind::cuda; }
// The number that DeviceModule takes: -1 for the host and its virtual devices.
inline int number_of(Device device) noexcept { return is_gpu(device) ? device.index : -1; }

// The module of a GPU.  Throws as load_module does, and Error{device} for a number that this
// machine does not have.
const DeviceModule& module_of(Device gpu);

// A native stream of a GPU: where a WorkQueue has a thread, it has a queue of the driver, to which
// any thread may issue work.  Made at first use and kept for the process.
class NativeStream {
 public:
  // The one compute stream of a GPU: all its work is in one order, so that memory which one
  // application gave back serves the next without a wait.
  static NativeStream& compute(Device gpu);
  // One for each ordered pair of which at least one is a GPU.
  static NativeStream& transfer(Device source, Device target);
  // One that has nothing to do but to tell the time (gpu_clock.hpp).
  static NativeStream& idle(Device gpu);

  // y <- x, contiguous bytes of the source and the target.  Memory of the host stays as it is, and
  // alive, until this work is done.  `is_ready`: as of DeviceModule.
  void copy(const void* x, void* y, size_t bytes, bool is_ready = false) const {
    module_->copy(handle_, number_of(source_), x, number_of(target_), y, bytes, is_ready);
  }
  void* handle() const noexcept { return handle_; }
  Device source() const noexcept { return source_; }
  Device target() const noexcept { return target_; }
  // The GPU whose stream it is: of a transfer the target, unless that is the host.
  Device device() const noexcept { return device_; }
  const std::string& name() const noexcept { return name_; }  // "cuda:0"; "cpu>cuda:0"
  const DeviceModule& module() const noexcept { return *module_; }

  NativeStream(Device source, Device target, bool is_transfer);
  NativeStream(const NativeStream&) = delete;

 private:
  Device source_, target_, device_;
  std::string name_;
  const DeviceModule* module_;
  void* handle_;
};

// As DeviceModule says; nothing on the host.
void prepare_contraction(
    const RawView& a, const RawView& b, int reduced, const RawView& y, const Stream& stream);

// GPUs that have a compute stream, which is what they are used by.
std::vector<Device> gpus_in_use();

// An event of a GPU, taken from those that nobody uses and given back when destroyed; none in a
// default-constructed one.  It may be given back while streams still wait for it: waits look at the
// record that came before them.  Only a timed one can tell when it happened, which makes it slower.
class NativeEvent {
 public:
  NativeEvent() = default;
  explicit NativeEvent(Device gpu, bool is_timed = false);
  NativeEvent(NativeEvent&& other) noexcept { swap(other); }
  NativeEvent& operator=(NativeEvent&& other) noexcept {
    swap(other);
    return *this;
  }
  ~NativeEvent();
  explicit operator bool() const noexcept { return handle_ != nullptr; }

  void record(const NativeStream& stream);
  void make_wait(const NativeStream& stream) const;  // for this event
  void synchronize() const;                          // the calling thread waits
  // From this timed event to another of a GPU with the same clock, to 0.5 us or 24 bits; both have
  // happened.  Throws Error{device} where the driver does not tell.
  double seconds_to(const NativeEvent& later) const;
  Device device() const noexcept { return device_; }

 private:
  void swap(NativeEvent& other) noexcept;
  Device device_;
  bool is_timed_ = false;
  void* handle_ = nullptr;
};

}  // namespace lunops
