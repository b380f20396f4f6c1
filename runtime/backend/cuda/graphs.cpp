// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/graphs.hpp"

#include <map>
#include <mutex>
#include <vector>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/device/graph.hpp"

namespace lunops::cuda {

namespace {

struct Capture {
  const GpuStream* of = nullptr;  // null: this thread captures nothing
  cudaStream_t on = nullptr;
};

thread_local Capture capture;

// Streams to capture on, by device, that nobody uses.  They last for the process: a handle of
// cuBLAS and plans of cuFFT know the stream that they were given last.
struct Registry {
  std::mutex mutex;
  std::map<int, std::vector<cudaStream_t>> idle;
};

Registry& registry() {
  static Registry* const all = new Registry;
  return *all;
}

cudaStream_t take_stream(int device) {
  Registry& all = registry();
  {
    const std::lock_guard lock(all.mutex);
    auto& idle = all.idle[device];
    if (!idle.empty()) {
      const cudaStream_t stream = idle.back();
      idle.pop_back();
      return stream;
    }
  }
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return stream;
}

void give_stream_back() noexcept {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  try {
    all.idle[capture.of->device].push_back(capture.on);
  } catch (const std::bad_alloc&) {
    // Then it is never used again.
  }
  capture = {};
}

size_t kernels_of(cudaGraph_t graph) {
  size_t count = 0;
  check(cudaGraphGetNodes(graph, nullptr, &count), "cudaGraphGetNodes");
  std::vector<cudaGraphNode_t> nodes(count);
  check(cudaGraphGetNodes(graph, nodes.data(), &count), "cudaGraphGetNodes");
  size_t kernels = 0;
  for (const cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    check(cudaGraphNodeGetType(node, &type), "cudaGraphNodeGetType");
    kernels += type == cudaGraphNodeTypeKernel;
  }
  return kernels;
}

// Destroyed where what follows fails.
struct Made {
  cudaGraph_t graph = nullptr;
  ~Made() {
    if (graph != nullptr && cudaGraphDestroy(graph) != cudaSuccess) cudaGetLastError();
  }
};

}  // namespace

cudaStream_t stream_for_work(const GpuStream& s) {
  if (capture.of == nullptr) return s.stream;
  if (capture.of != &s) refuse_while_capturing("work of another stream");
  return capture.on;
}

void begin_capture(void* stream) {
  const auto& s = *static_cast<const GpuStream*>(stream);
  use(s.device);
  const cudaStream_t on = take_stream(s.device);
  capture = {&s, on};
  check(cudaStreamBeginCapture(on, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
}

void* end_capture(void*, size_t* kernels) {
  use(capture.of->device);
  Made made;
  check(cudaStreamEndCapture(capture.on, &made.graph), "cudaStreamEndCapture");
  give_stream_back();
  *kernels = kernels_of(made.graph);
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, made.graph, 0), "cudaGraphInstantiate");
  return executable;
}

void abandon_capture(void*) noexcept {
  if (capture.of == nullptr) return;  // it had ended
  Made made;
  // A capture that something went wrong in ends with an error and without a graph.
  cudaStreamEndCapture(capture.on, &made.graph);
  cudaGetLastError();  // nor may what was given back in it without success be told of later
  give_stream_back();
}

void launch_graph(void* graph, void* stream) {
  const auto& s = *static_cast<const GpuStream*>(stream);
  use(s.device);
  check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), s.stream), "cudaGraphLaunch");
}

void release_graph(void* graph) noexcept {
  // The driver frees it when its last launch has ended; nothing can be done about an error here.
  if (cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)) != cudaSuccess) cudaGetLastError();
}

}  // namespace lunops::cuda
