// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/cuda/on_gpu.hpp"
#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

TEST_CASE("cuda: a pinned tensor is pinned in the driver as long as it lives") {
  Context context;
  const void* memory = nullptr;
  {
    const Tensor x = arange(Shape::parse("x=131072"), DType::f64, context);  // 1 MiB
    memory = x.data();
    CHECK_FALSE(simulated::is_pinned(memory));

    x.storage()->pin();
    x.storage()->pin();

    CHECK(simulated::is_pinned(memory));
    CHECK(x.storage()->is_pinned());
    const Tensor back = x.to(on_gpu::kGpu, context).to(Device::host(), context);
    CHECK(norm(binary(Binary::subtract, x, back, context), context) == 0.0);
  }
  CHECK_FALSE(simulated::is_pinned(memory));
}

TEST_CASE("cuda: small tensors, whose pages others use too, are marked only") {
  Context context;
  const Tensor x = arange(Shape::parse("x=4"), DType::f64, context);

  x.storage()->pin();

  CHECK(x.storage()->is_pinned());
  CHECK_FALSE(simulated::is_pinned(x.data()));
}

TEST_CASE("cuda: small uploads of data that are ready need no function of the host") {
  Context host;
  Context gpu = on_device(on_gpu::kGpu, host);
  const auto functions_of = [&](int64_t bytes) {
    const Tensor x = randn(Shape({Dim::parse("i")}, {bytes / 8}), DType::c64, 1, host);
    const int64_t start = simulated::host_functions();
    const Tensor there = x.to(on_gpu::kGpu, gpu);
    const int64_t up = simulated::host_functions() - start;
    const Tensor back = there.to(Device::host(), host);
    CHECK(norm(binary(Binary::subtract, back, x, host), host) == 0);
    return std::pair{up, simulated::host_functions() - start - up};
  };

  CHECK(functions_of(512) == std::pair<int64_t, int64_t>{0, 1});
  CHECK(functions_of(64 * 1024) == std::pair<int64_t, int64_t>{0, 1});
  CHECK(functions_of(64 * 1024 + 8) == std::pair<int64_t, int64_t>{1, 1});
}

TEST_CASE("cuda: an upload waits for the work that writes its data on the host") {
  Context host;
  Context gpu = on_device(on_gpu::kGpu, host);
  const Tensor x = arange(Shape::parse("i=16"), DType::f64, host).to(on_gpu::kGpu, gpu);
  const Tensor y = Tensor::empty(x.shape(), DType::f64, gpu);
  std::vector<double> between(16, -1.0);
  const NativeStream& down = NativeStream::transfer(on_gpu::kGpu, Device::host());
  const NativeStream& up = NativeStream::transfer(Device::host(), on_gpu::kGpu);
  NativeEvent is_down(on_gpu::kGpu);

  down.copy(x.data(), between.data(), 128);
  is_down.record(down);
  is_down.make_wait(up);
  up.copy(between.data(), y.data(), 128);
  up.module().synchronize_stream(up.handle());

  CHECK(norm(binary(Binary::subtract, y, x, gpu), gpu) == 0);
}
