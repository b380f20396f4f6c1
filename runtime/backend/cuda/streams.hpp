// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

namespace lunops::cuda {

// What DeviceModule's streams are: a stream of one GPU and, once data of the host went through it,
// two pinned chunks.
//
// A copy from or to pageable memory of the host is cut into chunks.  `staging` copies between that
// memory and a chunk by functions of the host, `stream` between the chunk and the device; events
// make each chunk full before it is emptied and empty before it is filled, so the two work side by
// side and the issuing thread waits for neither.
struct GpuStream {
  static constexpr size_t kChunk = size_t{8} << 20;
  // Up to here the driver itself stages uploads from pageable memory without waiting for the copy
  // (CUDA C++ Programming Guide, asynchronous concurrent execution).  It reads the memory when it
  // is called, or may wait for the stream before (CUDA Runtime API, API synchronization behavior),
  // so that only data that are ready, of callers that wait anyhow, may go that way.
  static constexpr size_t kDirect = size_t{64} << 10;

  struct Chunk {
    void* data = nullptr;
    cudaEvent_t full = nullptr, empty = nullptr;
  };
  // One function of the host; given back by that function.
  struct Job {
    GpuStream* owner;
    void* to;
    const void* from;
    size_t bytes;
  };

  int device = 0;
  cudaStream_t stream = nullptr, staging = nullptr;
  cudaEvent_t begun = nullptr;  // on `stream`, when a staged copy begins
  std::array<Chunk, 2> chunks;
  size_t turn = 0;           // number of chunks used so far
  std::mutex staging_mutex;  // one copy takes the chunks at a time; functions of the host do not
  std::mutex mutex;
  std::vector<Job*> idle;  // guarded by mutex, which functions of the host take too

  void prepare();  // makes the chunks
  void run_on_host(void* to, const void* from, size_t bytes);
};

// As DeviceModule says of its functions of these names.
void* make_stream(int source, int target);
void* make_event(int device);
void* make_timed_event(int device);
void record(void* event, void* stream);
void wait(void* stream, void* event);
void synchronize(void* event);
void synchronize_stream(void* stream);
double milliseconds(void* from, void* to);
void copy(
    void* stream, int source, const void* x, int target, void* y, size_t bytes, bool is_ready);
bool pin(void* host, size_t bytes);
void unpin(void* host) noexcept;

}  // namespace lunops::cuda
