// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "runtime/device/gpu_rates.hpp"
#include "runtime/device/stream.hpp"

namespace lunops::cuda {

// What the backend knows of one GPU.  Made at first use, never ended: the driver goes away before
// destructors of static objects run.
struct Gpu {
  int index = 0;
  int multiprocessors = 0;
  bool has_ordered_memory = false;  // cudaMallocAsync
  size_t shared_bytes = 0;          // that one block may ask for
  cudaStream_t compute = nullptr;   // the one compute stream of the device
  GpuRates rates;

  // cuBLAS keeps a stream and a workspace in its handle: one application at a time sets it up.
  std::recursive_mutex blas_mutex;  // twice by code of the user that runs while room is made
  cublasHandle_t blas = nullptr;
  void* blas_workspace = nullptr;  // blas.hpp
  size_t blas_bytes = 0;

  static Gpu& at(int index);  // throws Error{device}

  // Blocks of `threads` that one multiprocessor holds at once, without dynamic shared memory.
  int resident_blocks(const void* kernel, int threads);
  // Lets a kernel take as much dynamic shared memory as the device has, whatever one launch needs:
  // a launch by another thread may come between.  So such kernels have no static shared memory.
  void allow_most_shared(const void* kernel);

 private:
  // What was asked of the driver, which takes longer to answer than to launch.
  std::mutex kernels_mutex_;
  std::unordered_map<const void*, int> resident_;  // a kernel has one number of threads here
  std::unordered_set<const void*> most_shared_;
};

// 0 where there is an error.  Numbers of devices here are those of the runtime, where virtual ones
// share the GPUs in turn (runtime/device/virtual_devices.hpp).
int count_gpus();
int physical(int device);  // the number that CUDA knows

// Makes `device` the current one of this thread.  Asked for before every launch: other users of
// CUDA in the process may have changed it.
void use(int device);

// Where this thread's work for a stream on a GPU goes (graphs.hpp); its device becomes the current
// one.
cudaStream_t enter(const Stream& stream);

// Memory that lasts for the work issued to a stream while it lives: taken and given back in the
// order of the stream where the device can.  In a CUDA graph it is the graph's own, taken and given
// back by each launch.
class Scratch {
 public:
  Scratch(size_t bytes, const Stream& stream);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  template <class T>
  T* as() const noexcept {
    return static_cast<T*>(data_);
  }

 private:
  int device_;
  cudaStream_t stream_;
  void* data_ = nullptr;
};

// Before a second attempt at what found too little memory: collects dead tensors, gives back what
// the runtime and the driver keep for later, and waits until that is done.
void make_room(const Stream& stream);
// Throws Error{device_memory} with the largest live tensors; `what_does` such as
// "a plan of cuFFT does".
[[noreturn]] void fail_memory(std::string_view what_does, const Stream& stream);

// `attempt` gives false where memory is short, as libraries that allocate by themselves say; it has
// then left nothing behind.
template <class Attempt>
void with_room(std::string_view what_does, const Stream& stream, const Attempt& attempt) {
  if (attempt()) return;
  make_room(stream);
  if (!attempt()) fail_memory(what_does, stream);
}

// Memory of the device for the runtime's pool: null if it does not fit.
void* allocate(int device, size_t bytes);
void release(int device, void* data) noexcept;
size_t free_bytes(int device);
GpuRates rates(int device);

}  // namespace lunops::cuda
