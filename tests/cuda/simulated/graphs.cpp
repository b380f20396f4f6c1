// SPDX-License-Identifier: MIT
// That captures of the simulated GPU are as strict as those of the driver.
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

namespace {

constexpr int kThreads = 32;
constexpr size_t kBytes = kThreads * sizeof(float);

__global__ void add(const float* x, float step, float* y) {
  y[threadIdx.x] = x[threadIdx.x] + step;
}

struct Floats {
  explicit Floats(cudaStream_t s) : stream(s) {
    cudaMallocAsync(reinterpret_cast<void**>(&data), kBytes, stream);
    set(0);
  }
  ~Floats() { cudaFreeAsync(data, stream); }
  Floats(const Floats&) = delete;
  void set(float value) const {
    const std::vector<float> values(kThreads, value);
    cudaMemcpyAsync(data, values.data(), kBytes, cudaMemcpyHostToDevice, stream);
  }
  float get() const {
    std::vector<float> values(kThreads);
    cudaMemcpyAsync(values.data(), data, kBytes, cudaMemcpyDeviceToHost, stream);
    return values[0];
  }

  cudaStream_t stream;
  float* data = nullptr;
};

void begin(cudaStream_t stream) {
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
}

cudaGraphExec_t end(cudaStream_t stream) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t made = nullptr;
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  REQUIRE(cudaGraphInstantiate(&made, graph, 0) == cudaSuccess);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  return made;
}

// What `call` returns while a stream captures; the capture is spoilt then.
cudaError_t refused(const std::function<cudaError_t(cudaStream_t)>& call) {
  const cudaStream_t stream = simulated::make_stream();
  const Floats x(stream);
  begin(stream);
  simulated::launch(add, 1, kThreads, 0, stream, x.data, 1.0f, x.data);
  const cudaError_t status = call(stream);
  cudaGetLastError();
  simulated::launch(add, 1, kThreads, 0, stream, x.data, 1.0f, x.data);
  CHECK(cudaGetLastError() == cudaErrorStreamCaptureInvalidated);
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated);
  CHECK(graph == nullptr);
  cudaGetLastError();
  CHECK(x.get() == 0);  // nothing of it ran, and the stream is as it was
  return status;
}

}  // namespace

TEST_CASE("simulated GPU: what a graph cannot hold spoils its capture") {
  float pageable[kThreads] = {};
  void* memory = nullptr;
  const cudaEvent_t event = simulated::make_event();
  const cudaStream_t other = simulated::make_stream();
  CHECK(refused([](cudaStream_t s) { return cudaStreamSynchronize(s); }) ==
        cudaErrorStreamCaptureUnsupported);
  CHECK(refused([](cudaStream_t) { return cudaDeviceSynchronize(); }) ==
        cudaErrorStreamCaptureUnsupported);
  CHECK(refused([&](cudaStream_t) { return cudaMalloc(&memory, 8); }) ==
        cudaErrorStreamCaptureUnsupported);
  CHECK(refused([&](cudaStream_t) { return cudaMallocHost(&memory, 8); }) ==
        cudaErrorStreamCaptureUnsupported);
  CHECK(refused([&](cudaStream_t s) {
          const Floats x(other);
          return cudaMemcpyAsync(pageable, x.data, kBytes, cudaMemcpyDeviceToHost, s);
        }) == cudaErrorStreamCaptureUnsupported);
  CHECK(refused([&](cudaStream_t s) {
          cudaEventRecord(event, s);
          return cudaEventSynchronize(event);
        }) == cudaErrorCapturedEvent);
  CHECK(refused([&](cudaStream_t s) {
          cudaEventRecord(event, s);
          return cudaEventQuery(event);
        }) == cudaErrorCapturedEvent);
  CHECK(refused([&](cudaStream_t s) {
          cudaEventRecord(event, other);
          return cudaStreamWaitEvent(s, event, 0);
        }) == cudaErrorStreamCaptureIsolation);
  CHECK(refused([&](cudaStream_t s) {
          Floats outside(other);
          const cudaError_t status = cudaFreeAsync(outside.data, s);
          cudaGetLastError();
          return status;
        }) == cudaErrorInvalidValue);
}

TEST_CASE("simulated GPU: other threads do as they like while one captures") {
  const cudaStream_t stream = simulated::make_stream(), other = simulated::make_stream();
  const Floats x(stream), y(other);
  begin(stream);
  simulated::launch(add, 1, kThreads, 0, stream, x.data, 1.0f, x.data);
  std::thread([&] {
    void* memory = nullptr;
    CHECK(cudaMalloc(&memory, 8) == cudaSuccess);
    CHECK(cudaFree(memory) == cudaSuccess);
    simulated::launch(add, 1, kThreads, 0, other, y.data, 5.0f, y.data);
    CHECK(cudaStreamSynchronize(other) == cudaSuccess);
  }).join();
  const cudaGraphExec_t graph = end(stream);

  CHECK(y.get() == 5);
  CHECK(x.get() == 0);
  CHECK(cudaGraphLaunch(graph, stream) == cudaSuccess);
  CHECK(x.get() == 1);
  CHECK(cudaGraphExecDestroy(graph) == cudaSuccess);
}

TEST_CASE("simulated GPU: arguments are those of the capture, data those of the launch") {
  const cudaStream_t stream = simulated::make_stream();
  const Floats x(stream), y(stream);
  float step = 1;
  begin(stream);
  simulated::launch(add, 1, kThreads, 0, stream, x.data, step, y.data);
  const cudaGraphExec_t graph = end(stream);

  step = 100;
  x.set(10);
  CHECK(cudaGraphLaunch(graph, stream) == cudaSuccess);
  CHECK(y.get() == 11);
  x.set(20);
  CHECK(cudaGraphLaunch(graph, stream) == cudaSuccess);
  CHECK(cudaGraphExecDestroy(graph) == cudaSuccess);  // while the launch waits
  CHECK(y.get() == 21);
}

TEST_CASE("simulated GPU: a fork that is joined is part of a graph, one that is not an error") {
  const cudaStream_t stream = simulated::make_stream(), branch = simulated::make_stream();
  const cudaEvent_t fork = simulated::make_event(), join = simulated::make_event();
  const Floats x(stream);
  const auto capture = [&](bool joins) {
    begin(stream);
    simulated::record(fork, stream);
    simulated::wait(branch, fork);
    simulated::launch(add, 1, kThreads, 0, branch, x.data, 1.0f, x.data);
    simulated::record(join, branch);
    if (joins) simulated::wait(stream, join);
  };
  capture(false);
  cudaGraph_t none = nullptr;
  CHECK(cudaStreamEndCapture(stream, &none) == cudaErrorStreamCaptureUnjoined);
  CHECK(none == nullptr);
  cudaGetLastError();

  capture(true);
  const cudaGraphExec_t graph = end(stream);

  CHECK(x.get() == 0);
  CHECK(cudaGraphLaunch(graph, stream) == cudaSuccess);
  CHECK(cudaGraphLaunch(graph, stream) == cudaSuccess);
  CHECK(x.get() == 2);
  CHECK(cudaGraphExecDestroy(graph) == cudaSuccess);
}

TEST_CASE("simulated GPU: a graph takes memory of its own and gives it back at each launch") {
  const cudaStream_t stream = simulated::make_stream();
  const Floats x(stream), y(stream);
  x.set(1);
  const size_t before = simulated::free_bytes();
  begin(stream);
  float* scratch = nullptr;
  REQUIRE(cudaMallocAsync(reinterpret_cast<void**>(&scratch), kBytes, stream) == cudaSuccess);
  simulated::launch(add, 1, kThreads, 0, stream, x.data, 1.0f, scratch);
  simulated::launch(add, 1, kThreads, 0, stream, scratch, 1.0f, y.data);
  REQUIRE(cudaFreeAsync(scratch, stream) == cudaSuccess);
  const cudaGraphExec_t graph = end(stream);

  for (const float value : {5.0f, 6.0f}) {
    x.set(value);
    CHECK(cudaGraphLaunch(graph, stream) == cudaSuccess);
    CHECK(y.get() == value + 2);
  }
  CHECK(cudaGraphExecDestroy(graph) == cudaSuccess);
  CHECK(simulated::free_bytes() == before);
}
