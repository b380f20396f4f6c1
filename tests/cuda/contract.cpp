// SPDX-License-Identifier: MIT
// Products that are larger than one call of cuBLAS takes.
#include <catch2/catch.hpp>

#include "runtime/tensor/tensor.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;

TEST_CASE("cuda: more products than one call of cuBLAS takes are cut into several", "[cuda]") {
  if (!on_gpu::is_here()) return;
  // y[p, m] = sum_k a[p + 256 m + k] b[p + k]: each product reads a window of the same vectors,
  // 4096 multiplications, from where on cuBLAS is asked.
  constexpr int64_t kProducts = 70000, kM = 16, kK = 256;
  Context host;
  const Context gpu_context = on_device(on_gpu::kGpu, host);
  Context gpu = gpu_context;
  const auto on_gpu_of = [&](int64_t count, auto value) {
    Tensor t = Tensor::empty(Shape({Dim::parse("i")}, {count}), DType::f64, host);
    for (int64_t i = 0; i < count; ++i) static_cast<double*>(t.data())[i] = value(i);
    return t.to(on_gpu::kGpu, gpu);
  };
  const Tensor a = on_gpu_of(kProducts + kM * kK, [](int64_t) { return 2.0; });
  const auto value = [](int64_t i) { return static_cast<double>(i % 7); };
  const Tensor b = on_gpu_of(kProducts + kK, value);
  const Tensor y = Tensor::empty(Shape::parse("p=70000 m=16"), DType::f64, gpu);
  const auto view = [&](const Tensor& t, int64_t p, int64_t m, int64_t k) {
    RawView v;
    v.data = t.data();
    v.dtype = DType::f64;
    v.ndim = 3;
    v.extent[0] = kProducts, v.extent[1] = kM, v.extent[2] = kK;
    v.stride[0] = p, v.stride[1] = m, v.stride[2] = k;
    return v;
  };

  gpu.backend().contract(view(a, 1, kK, 1), false, view(b, 1, 0, 1), false, 1, Scale{},
                         view(y, kM, 1, 0), SumOrder::fastest, *gpu.stream);
  const Tensor there = y.to(Device::host(), host);

  double sum = 0;  // of the window; integers, so that every order gives the same
  for (int64_t k = 0; k < kK; ++k) sum += value(k);
  int64_t wrong = 0;
  for (int64_t p = 0; p < kProducts; ++p) {
    for (int64_t m = 0; m < kM; ++m) {
      wrong += static_cast<const double*>(there.data())[p * kM + m] != 2 * sum;
    }
    sum += value(p + kK) - value(p);
  }
  CHECK(wrong == 0);
}
