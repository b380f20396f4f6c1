// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/streams.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/device/graph.hpp"

namespace lunops::cuda {

namespace {

GpuStream& stream_at(void* stream) { return *static_cast<GpuStream*>(stream); }
cudaEvent_t event_at(void* event) { return static_cast<cudaEvent_t>(event); }

cudaEvent_t new_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  return event;
}

// Memory that the driver copies from and to without staging.
bool is_pinned(const void* host) {
  cudaPointerAttributes attributes{};
  if (cudaPointerGetAttributes(&attributes, host) != cudaSuccess) {
    cudaGetLastError();
    return false;
  }
  return attributes.type == cudaMemoryTypeHost;
}

void CUDART_CB run_job(void* data) {
  auto* job = static_cast<GpuStream::Job*>(data);
  std::memcpy(job->to, job->from, job->bytes);
  const std::lock_guard lock(job->owner->mutex);
  job->owner->idle.push_back(job);  // has room: reserved when the job was made
}

void direct(GpuStream& s, void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  check(cudaMemcpyAsync(to, from, bytes, kind, s.stream), "cudaMemcpyAsync");
}

void staged(GpuStream& s, void* to, const void* from, size_t bytes, bool is_upload) {
  const std::lock_guard lock(s.staging_mutex);
  s.prepare();
  check(cudaEventRecord(s.begun, s.stream), "cudaEventRecord");
  check(cudaStreamWaitEvent(s.staging, s.begun, 0), "cudaStreamWaitEvent");
  for (size_t at = 0; at < bytes; at += GpuStream::kChunk) {
    const size_t part = std::min(GpuStream::kChunk, bytes - at);
    GpuStream::Chunk& chunk = s.chunks[s.turn++ % s.chunks.size()];
    auto* y = static_cast<std::byte*>(to) + at;
    const auto* x = static_cast<const std::byte*>(from) + at;
    const cudaStream_t filling = is_upload ? s.staging : s.stream;
    const cudaStream_t emptying = is_upload ? s.stream : s.staging;
    check(cudaStreamWaitEvent(filling, chunk.empty, 0), "cudaStreamWaitEvent");
    if (is_upload) {
      s.run_on_host(chunk.data, x, part);
    } else {
      direct(s, chunk.data, x, part, cudaMemcpyDeviceToHost);
    }
    check(cudaEventRecord(chunk.full, filling), "cudaEventRecord");
    check(cudaStreamWaitEvent(emptying, chunk.full, 0), "cudaStreamWaitEvent");
    if (is_upload) {
      direct(s, y, chunk.data, part, cudaMemcpyHostToDevice);
    } else {
      s.run_on_host(y, chunk.data, part);
    }
    check(cudaEventRecord(chunk.empty, emptying), "cudaEventRecord");
  }
  if (is_upload) return;
  // Who waits for `stream` waits for the host's memory as well.
  for (const GpuStream::Chunk& chunk : s.chunks) {
    check(cudaStreamWaitEvent(s.stream, chunk.empty, 0), "cudaStreamWaitEvent");
  }
}

// Copies between two GPUs go past the host where the driver can.
void enable_peer(int device, int other) {
  const int from = physical(device), to = physical(other);
  if (from == to) return;
  int can = 0;
  check(cudaDeviceCanAccessPeer(&can, from, to), "cudaDeviceCanAccessPeer");
  if (can == 0) return;
  use(device);
  const cudaError_t status = cudaDeviceEnablePeerAccess(to, 0);
  if (status != cudaSuccess) cudaGetLastError();
  // Where the driver allows no more of them, its copies go through the host.
  if (status == cudaErrorTooManyPeers) return;
  if (status != cudaErrorPeerAccessAlreadyEnabled) check(status, "cudaDeviceEnablePeerAccess");
  if (!Gpu::at(other).has_ordered_memory) return;
  // Memory of pools does not follow that setting.
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, to), "cudaDeviceGetDefaultMemPool");
  cudaMemAccessDesc access{};
  access.location.type = cudaMemLocationTypeDevice;
  access.location.id = from;
  access.flags = cudaMemAccessFlagsProtReadWrite;
  check(cudaMemPoolSetAccess(pool, &access, 1), "cudaMemPoolSetAccess");
}

}  // namespace

void GpuStream::prepare() {
  if (staging != nullptr) return;
  use(device);
  for (Chunk& chunk : chunks) {
    check(cudaMallocHost(&chunk.data, kChunk), "cudaMallocHost");
    chunk.full = new_event();
    chunk.empty = new_event();
  }
  begun = new_event();
  check(cudaStreamCreateWithFlags(&staging, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}

void GpuStream::run_on_host(void* to, const void* from, size_t bytes) {
  Job* job = nullptr;
  {
    const std::lock_guard lock(mutex);
    if (idle.empty()) {
      auto made = std::make_unique<Job>();
      idle.reserve(idle.capacity() + 1);
      job = made.release();
    } else {
      job = idle.back();
      idle.pop_back();
    }
  }
  *job = {this, to, from, bytes};
  check(cudaLaunchHostFunc(staging, run_job, job), "cudaLaunchHostFunc");
}

void* make_stream(int source, int target) {
  const int device = target >= 0 ? target : source;
  Gpu& gpu = Gpu::at(device);
  if (source >= 0 && target >= 0 && source != target) {
    enable_peer(source, target);
    enable_peer(target, source);
  }
  use(device);
  auto made = std::make_unique<GpuStream>();
  made->device = device;
  if (source == target) {
    made->stream = gpu.compute;
  } else {
    check(cudaStreamCreateWithFlags(&made->stream, cudaStreamNonBlocking),
          "cudaStreamCreateWithFlags");
  }
  return made.release();  // kept for the process
}

void* make_event(int device) {
  use(device);
  return new_event();
}

void* make_timed_event(int device) {
  use(device);
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDefault), "cudaEventCreateWithFlags");
  return event;
}

void record(void* event, void* stream) {
  refuse_while_capturing("an event");
  GpuStream& s = stream_at(stream);
  use(s.device);
  check(cudaEventRecord(event_at(event), s.stream), "cudaEventRecord");
}

void wait(void* stream, void* event) {
  refuse_while_capturing("a wait for an event");
  GpuStream& s = stream_at(stream);
  use(s.device);
  check(cudaStreamWaitEvent(s.stream, event_at(event), 0), "cudaStreamWaitEvent");
}

void synchronize(void* event) {
  refuse_while_capturing("a wait of the host");
  check(cudaEventSynchronize(event_at(event)), "cudaEventSynchronize");
}

void synchronize_stream(void* stream) {
  refuse_while_capturing("a wait of the host");
  check(cudaStreamSynchronize(stream_at(stream).stream), "cudaStreamSynchronize");
}

double milliseconds(void* from, void* to) {
  float elapsed = 0;
  check(cudaEventElapsedTime(&elapsed, event_at(from), event_at(to)), "cudaEventElapsedTime");
  return elapsed;
}

void copy(
    void* stream, int source, const void* x, int target, void* y, size_t bytes, bool is_ready) {
  refuse_while_capturing("a copy between memories");
  GpuStream& s = stream_at(stream);
  use(s.device);
  if (source >= 0 && target >= 0) {
    const int from = physical(source), to = physical(target);
    if (from == to) {
      direct(s, y, x, bytes, cudaMemcpyDeviceToDevice);
    } else {
      check(cudaMemcpyPeerAsync(y, to, x, from, bytes, s.stream), "cudaMemcpyPeerAsync");
    }
    return;
  }
  const bool is_upload = source < 0;
  const bool is_small = is_upload && is_ready && bytes <= GpuStream::kDirect;
  if (is_small || is_pinned(is_upload ? x : y)) {
    direct(s, y, x, bytes, is_upload ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost);
  } else {
    staged(s, y, x, bytes, is_upload);
  }
}

bool pin(void* host, size_t bytes) {
  refuse_while_capturing("pinning memory");
  use(0);
  // For all devices.
  const cudaError_t status = cudaHostRegister(host, bytes, cudaHostRegisterPortable);
  if (status == cudaErrorHostMemoryAlreadyRegistered) {
    cudaGetLastError();
    return false;
  }
  check(status, "cudaHostRegister");
  return true;
}

void unpin(void* host) noexcept {
  // Who does not wait for a copy of memory that goes is wrong already; nothing else fails here.
  if (cudaHostUnregister(host) != cudaSuccess) cudaGetLastError();
}

}  // namespace lunops::cuda
