// SPDX-License-Identifier: MIT
// That the simulated GPU shows the faults that it is there to show.
#include <vector>

#include <catch2/catch.hpp>

#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

namespace {

constexpr int kThreads = 64;

// Each thread reads what its neighbour wrote to shared memory.
__global__ void neighbours(float* result, bool waits) {
  alignas(16) __shared__ float room[kThreads];
  room[threadIdx.x] = -1;
  __syncthreads();
  room[threadIdx.x] = static_cast<float>(threadIdx.x);
  if (waits) __syncthreads();
  result[threadIdx.x] = room[(threadIdx.x + 1) % kThreads];
}

__global__ void warp_sums(float* result) {
  float sum = static_cast<float>(threadIdx.x);
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
  result[threadIdx.x] = sum;
}

__global__ void fill(float* x, float value) { x[threadIdx.x] = value; }
__global__ void add_one(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x] + 1; }

// Memory of the device for kThreads floats.
struct Floats {
  float* data = static_cast<float*>(simulated::allocate(kThreads * sizeof(float)));
  ~Floats() { simulated::release(data); }
  std::vector<float> on_host(cudaStream_t stream) const {
    std::vector<float> values(kThreads);
    cudaMemcpyAsync(values.data(), data, kThreads * sizeof(float), cudaMemcpyDeviceToHost, stream);
    return values;
  }
};

int count_of(const std::vector<float>& values, const std::function<bool(int, float)>& is) {
  int count = 0;
  for (int i = 0; i < kThreads; ++i) count += is(i, values[static_cast<size_t>(i)]);
  return count;
}

}  // namespace

TEST_CASE("simulated GPU: threads that wait for the block see each other's writes") {
  const cudaStream_t stream = simulated::make_stream();
  const Floats result;
  const auto is_neighbour = [](int i, float value) {
    return value == static_cast<float>((i + 1) % kThreads);
  };

  simulated::launch(neighbours, 1, kThreads, 0, stream, result.data, true);
  CHECK(count_of(result.on_host(stream), is_neighbour) == kThreads);

  simulated::launch(neighbours, 1, kThreads, 0, stream, result.data, false);
  CHECK(count_of(result.on_host(stream), is_neighbour) < kThreads);
}

TEST_CASE("simulated GPU: lanes of a warp exchange their values") {
  const cudaStream_t stream = simulated::make_stream();
  const Floats result;

  simulated::launch(warp_sums, 1, kThreads, 0, stream, result.data);

  CHECK(count_of(result.on_host(stream), [](int i, float value) {
          return value == (i < 32 ? 496 : 1520);  // 0 + … + 31, 32 + … + 63
        }) == kThreads);
}

TEST_CASE("simulated GPU: a stream that does not wait for another finds its work undone") {
  const cudaStream_t first = simulated::make_stream(), second = simulated::make_stream();
  const cudaEvent_t event = simulated::make_event();
  const Floats x, y;
  const auto is_two = [](int, float value) { return value == 2; };
  simulated::launch(fill, 1, kThreads, 0, first, x.data, 1.0f);
  simulated::record(event, first);

  simulated::launch(add_one, 1, kThreads, 0, second, x.data, y.data);
  CHECK(count_of(y.on_host(second), is_two) == 0);  // NaN + 1

  simulated::wait(second, event);
  simulated::launch(add_one, 1, kThreads, 0, second, x.data, y.data);
  CHECK(count_of(y.on_host(second), is_two) == kThreads);
  simulated::synchronize_all();
}

TEST_CASE("simulated GPU: launches that a GPU would refuse are errors") {
  const cudaStream_t stream = simulated::make_stream();
  const Floats x;
  std::vector<float> host(kThreads);

  simulated::launch(fill, 1, 2048, 0, stream, x.data, 1.0f);
  CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
  simulated::launch(fill, 1, kThreads, size_t{49} << 10, stream, x.data, 1.0f);
  CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
  simulated::launch(fill, 1, kThreads, 0, stream, host.data(), 1.0f);
  CHECK(cudaGetLastError() == cudaErrorIllegalAddress);
  CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE("simulated GPU: a graph does its work again") {
  const cudaStream_t stream = simulated::make_stream();
  const Floats x, y;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t made = nullptr;
  REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  simulated::launch(add_one, 1, kThreads, 0, stream, x.data, y.data);
  REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
  REQUIRE(cudaGraphInstantiate(&made, graph, 0) == cudaSuccess);

  for (const float value : {1.0f, 5.0f}) {
    simulated::launch(fill, 1, kThreads, 0, stream, x.data, value);
    REQUIRE(cudaGraphLaunch(made, stream) == cudaSuccess);
    CHECK(count_of(y.on_host(stream), [&](int, float v) { return v == value + 1; }) == kThreads);
  }
}
