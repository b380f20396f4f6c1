// SPDX-License-Identifier: MIT
// The functions of the CUDA runtime that the backend calls.
#include <cuda_runtime_api.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

namespace {

// What calls return as well, so that `check` meets it.
cudaError_t status() { return simulated::last_error(false); }

std::atomic<int64_t> launched{0};  // functions of the host

struct Executable {
  std::shared_ptr<simulated::Graph> graph;
};

}  // namespace

extern "C" {

cudaError_t cudaGetLastError() { return simulated::last_error(true); }
cudaError_t cudaPeekAtLastError() { return simulated::last_error(false); }
const char* cudaGetErrorString(cudaError_t) { return "an error of the simulated GPU"; }
const char* cudaGetErrorName(cudaError_t) { return "cudaErrorSimulated"; }
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = simulated::count();
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}
cudaError_t cudaSetDevice(int device) {
  if (simulated::set_device(device)) return cudaSuccess;
  simulated::fail(cudaErrorInvalidDevice);
  return cudaErrorInvalidDevice;
}
cudaError_t cudaGetDevice(int* device) {
  *device = simulated::current_device();
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "simulated GPU");
  properties->major = 9;
  properties->multiProcessorCount = 2;
  properties->totalGlobalMem = simulated::total_bytes();
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr name, int) {
  switch (static_cast<int>(name)) {
    case cudaDevAttrMultiProcessorCount:
      *value = 2;
      return cudaSuccess;
    case cudaDevAttrClockRate:
      *value = 1980000;  // these three as an H100 has them
      return cudaSuccess;
    case cudaDevAttrMemoryClockRate:
      *value = 2619000;
      return cudaSuccess;
    case cudaDevAttrGlobalMemoryBusWidth:
      *value = 5120;
      return cudaSuccess;
    case cudaDevAttrMemoryPoolsSupported:
      *value = 1;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = 9;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = 0;
      return cudaSuccess;
    case cudaDevAttrWarpSize:
      *value = 32;
      return cudaSuccess;
    case cudaDevAttrMaxThreadsPerBlock:
      *value = 1024;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = 48 << 10;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = 227 << 10;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = 228 << 10;
      return cudaSuccess;
    case cudaDevAttrL2CacheSize:
      *value = 50 << 20;
      return cudaSuccess;
    default:
      return cudaErrorInvalidValue;
  }
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = nullptr;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t, const cudaMemAccessDesc*, size_t) {
  return cudaSuccess;
}
cudaError_t cudaDeviceGraphMemTrim(int) { return cudaSuccess; }
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) { return cudaSuccess; }
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* value) {
  *static_cast<uint64_t*>(value) = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) { return cudaSuccess; }
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = simulated::free_bytes();
  *total = simulated::total_bytes();
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  if (!simulated::may_disturb()) return status();
  simulated::synchronize_all();
  return status();
}

cudaError_t cudaMalloc(void** data, size_t bytes) {
  if (!simulated::may_disturb()) return status();
  *data = simulated::allocate(bytes);
  return *data != nullptr ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFree(void* data) {
  if (!simulated::may_disturb()) return status();
  simulated::synchronize_all();
  if (data != nullptr) simulated::release(data);
  return cudaSuccess;
}
cudaError_t cudaMallocAsync(void** data, size_t bytes, cudaStream_t stream) {
  *data = simulated::is_capturing(stream) ? simulated::allocate_in_graph(bytes, stream)
                                          : simulated::allocate(bytes);
  if (*data != nullptr) return cudaSuccess;
  return status() != cudaSuccess ? status() : cudaErrorMemoryAllocation;
}
cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  if (simulated::is_capturing(stream)) {
    simulated::release_in_graph(data, stream);
    return status();
  }
  simulated::issue(stream, [data] { simulated::release(data); });
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** data, size_t bytes) {
  if (!simulated::may_disturb()) return status();
  *data = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  simulated::pin(*data, bytes);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned) {
  return cudaMallocHost(data, bytes);
}
cudaError_t cudaFreeHost(void* data) {
  if (!simulated::may_disturb()) return status();
  simulated::synchronize_all();
  simulated::unpin(data);
  std::free(data);
  return cudaSuccess;
}
cudaError_t cudaHostRegister(void* data, size_t bytes, unsigned) {
  if (!simulated::may_disturb()) return status();
  if (simulated::is_pinned(data)) return cudaErrorHostMemoryAlreadyRegistered;
  simulated::pin(data, bytes);
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* data) {
  if (!simulated::is_pinned(data)) return cudaErrorHostMemoryNotRegistered;
  simulated::unpin(data);
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* data) {
  *attributes = {};
  attributes->type = simulated::is_device_memory(data) ? cudaMemoryTypeDevice
                     : simulated::is_pinned(data)      ? cudaMemoryTypeHost
                                                       : cudaMemoryTypeUnregistered;
  attributes->device = simulated::is_device_memory(data) ? simulated::device_of(data) : 0;
  attributes->devicePointer = const_cast<void*>(data);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(
    void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const bool is_up = !simulated::is_device_memory(from), is_down = !simulated::is_device_memory(to);
  if ((kind == cudaMemcpyHostToDevice && (!is_up || is_down)) ||
      (kind == cudaMemcpyDeviceToHost && (is_up || !is_down)) ||
      (kind == cudaMemcpyDeviceToDevice && (is_up || is_down))) {
    simulated::fail(cudaErrorInvalidMemcpyDirection);
    return status();
  }
  const bool is_pageable =
      (is_up && !simulated::is_pinned(from)) || (is_down && !simulated::is_pinned(to));
  if (is_pageable && !simulated::may_hold(stream)) return status();
  if (is_up && !simulated::is_pinned(from)) {
    // Pageable memory is read before the call returns.
    const auto* first = static_cast<const std::byte*>(from);
    auto held = std::make_shared<std::vector<std::byte>>(first, first + bytes);
    simulated::issue(stream, [=] { std::memcpy(to, held->data(), bytes); });
    return status();
  }
  simulated::issue(stream, [=] { std::memmove(to, from, bytes); });
  if (is_down && !simulated::is_pinned(to)) simulated::synchronize(stream);
  return status();
}
cudaError_t cudaMemcpyPeerAsync(
    void* to, int target, const void* from, int source, size_t bytes, cudaStream_t stream) {
  if (simulated::device_of(to) != target || simulated::device_of(from) != source) {
    simulated::fail(cudaErrorInvalidValue);
    return status();
  }
  simulated::issue(stream, [=] { std::memmove(to, from, bytes); });
  return status();
}
cudaError_t cudaMemcpy2DAsync(void* to,
                              size_t to_pitch,
                              const void* from,
                              size_t from_pitch,
                              size_t width,
                              size_t height,
                              cudaMemcpyKind,
                              cudaStream_t stream) {
  simulated::issue(stream, [=] {
    for (size_t row = 0; row < height; ++row) {
      std::memcpy(static_cast<std::byte*>(to) + row * to_pitch,
                  static_cast<const std::byte*>(from) + row * from_pitch, width);
    }
  });
  return status();
}
cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) {
  simulated::issue(stream, [=] { std::memset(data, value, bytes); });
  return status();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  if (flags != cudaStreamNonBlocking) return cudaErrorInvalidValue;
  *stream = simulated::make_stream();
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }  // its work still runs
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  simulated::synchronize(stream);
  return status();
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  simulated::wait(stream, event);
  return status();
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  ++launched;
  simulated::issue(stream, [=] { function(data); });
  return status();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  *event = simulated::make_event((flags & cudaEventDisableTiming) == 0);
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  simulated::record(event, stream);
  return status();
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  simulated::synchronize(event);
  return status();
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const bool is_done = simulated::is_done(event);
  if (status() != cudaSuccess) return status();
  return is_done ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  double seconds = 0;
  const cudaError_t told = simulated::elapsed(begin, end, &seconds);
  if (told == cudaSuccess) *milliseconds = static_cast<float>(1e3 * seconds);
  return told;
}

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value > 227 << 10) return cudaErrorInvalidValue;
  simulated::allow_shared(kernel, static_cast<size_t>(value));
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int, size_t) {
  *blocks = 2;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return simulated::begin_capture(stream) ? cudaSuccess : cudaErrorIllegalState;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (!simulated::is_capturing(stream)) return cudaErrorIllegalState;
  auto made = simulated::end_capture(stream);
  if (made == nullptr) return status();
  *graph = reinterpret_cast<cudaGraph_t>(new Executable{std::move(made)});
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* capture) {
  *capture =
      simulated::is_capturing(stream) ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  const auto& types = simulated::types_of(*reinterpret_cast<const Executable*>(graph)->graph);
  *count = types.size();
  if (nodes == nullptr) return cudaSuccess;
  for (size_t i = 0; i < types.size(); ++i) {
    nodes[i] = reinterpret_cast<cudaGraphNode_t>(const_cast<cudaGraphNodeType*>(&types[i]));
  }
  return cudaSuccess;
}
cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* type) {
  *type = *reinterpret_cast<const cudaGraphNodeType*>(node);
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  *made = reinterpret_cast<cudaGraphExec_t>(
      new Executable(*reinterpret_cast<const Executable*>(graph)));
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  simulated::launch_graph(reinterpret_cast<const Executable*>(graph)->graph, stream);
  return status();
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete reinterpret_cast<Executable*>(graph);
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete reinterpret_cast<Executable*>(graph);
  return cudaSuccess;
}

}  // extern "C"

int64_t lunops::simulated::host_functions() { return launched; }
