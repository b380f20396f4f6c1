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
