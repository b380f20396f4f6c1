// SPDX-License-Identifier: MIT
// Memory that libraries take by themselves, where there is none left.
#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/cuda/on_gpu.hpp"
#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

namespace {

// A GPU whose memory ends `room` bytes after what is in use.
class Scarce {
 public:
  explicit Scarce(size_t room) { simulated::set_total(before_ - simulated::free_bytes() + room); }
  ~Scarce() { simulated::set_total(before_); }
  Scarce(const Scarce&) = delete;

 private:
  size_t before_ = simulated::total_bytes();
};

struct Here {
  Context host;
  Context gpu = on_device(on_gpu::kGpu, host);
  Tensor random(const std::string& shape, uint64_t seed) {
    return randn(Shape::parse(shape), DType::c64, seed, host).to(on_gpu::kGpu, gpu);
  }
  std::shared_ptr<const FftKernel> fft(int64_t extent) {
    FftSpec spec;
    spec.extents = {extent};
    spec.x_strides = spec.y_strides = {1};
    spec.axes = {0};
    return gpu.backend().fft(spec, *gpu.stream);
  }
};

}  // namespace

TEST_CASE("cuFFT: a plan that does not fit is made again after unused memory was given back") {
  Here h;
  h.random("n=200000", 2);  // stays in the pool, for later
  REQUIRE(Pool::of(on_gpu::kGpu).figures().cached >= 1'600'000);
  const Scarce scarce(0);

  CHECK(h.fft(96) != nullptr);

  CHECK(Pool::of(on_gpu::kGpu).figures().cached == 0);
}

TEST_CASE("cuFFT: a plan for which there is no memory is an error that lists the largest tensors") {
  Here h;
  h.gpu.account->set_budget(10'000'000);
  const Tensor x = h.random("n=200000", 2);
  Pool::of(on_gpu::kGpu).trim();
  h.gpu.stream->wait();
  {
    const Scarce scarce(0);
    CHECK_THROWS_WITH(h.fft(80),
                      "allocate: a plan of cuFFT does not fit on cuda:0: 1600000 of 10000000 bytes "
                      "are in use; drop tensors or raise the memory limit; largest live tensors:\n"
                      "  c64 {n=200000}, 1600000 bytes");
  }
  const Tensor y = FFT("n")(x, h.gpu).to(Device::host(), h.host);

  const Tensor here = FFT("n")(x.to(Device::host(), h.host), h.host);
  CHECK(norm(binary(Binary::subtract, y, here, h.host), h.host) < 1e-5 * norm(here, h.host));
}

TEST_CASE("cuFFT: a workspace that was told while there was no memory for plans is not overrun") {
  Here h;
  std::vector<double> k;
  for (int i = 0; i < 400; ++i) k.push_back(10 * std::sin(static_cast<double>(i)));
  ToeplitzSpec spec;
  spec.nufft.image = {20, 20};
  spec.nufft.points = 200;
  spec.nufft.coordinates = k.data();
  const auto kernel = h.gpu.backend().toeplitz(spec, *h.gpu.stream);
  const auto other = h.gpu.backend().toeplitz(spec, *h.gpu.stream);
  const auto full = static_cast<int64_t>(other->workspace(3));
  const Tensor x = h.random("f=1 b=3 y=20 x=20", 4);
  const Tensor y = Tensor::empty(x.shape(), DType::c64, h.gpu);
  // Numbers that a work area beyond what was told would change.
  const Tensor memory = lunops::full(Shape::unnamed({full / 4}), 7.0, DType::f32, h.gpu);
  auto* const workspace = static_cast<std::byte*>(memory.data());
  other->run(x.view(), {}, false, false, {}, y.view(), workspace, *h.gpu.stream);
  const Tensor expected = y.to(Device::host(), h.host);
  fill(memory, 7.0, h.gpu);
  fill(y, 0.0, h.gpu);
  Arena::trim(on_gpu::kGpu);
  Pool::of(on_gpu::kGpu).trim();
  h.gpu.stream->wait();
  size_t told = 0;
  {
    const Scarce scarce(0);
    told = kernel->workspace(3);
  }
  REQUIRE(told < static_cast<size_t>(full));

  kernel->run(x.view(), {}, false, false, {}, y.view(), workspace, *h.gpu.stream);

  const Tensor left = memory.to(Device::host(), h.host);
  const auto* const number = left.data_as<float>();
  CHECK(std::all_of(number + told / 4, number + full / 4, [](float v) { return v == 7.0F; }));
  const Tensor made = y.to(Device::host(), h.host);
  CHECK(norm(binary(Binary::subtract, made, expected, h.host), h.host) <
        1e-6 * norm(expected, h.host));
}

TEST_CASE("cuBLAS: it is set up when a product is planned, not when it is applied") {
  VirtualDevices three;
  three.cuda = 3;
  declare_virtual_devices(three);
  Here h;
  Context gpu = on_device({DeviceKind::cuda, 2}, h.host);  // that no other test uses
  const auto random = [&](const char* shape) {
    return randn(Shape::parse(shape), DType::c64, 1, h.host).to(gpu.device, gpu);
  };
  const Linop small = Dense(random("m=8 n=8"), "n -> m");
  const Linop large = Dense(random("m=64 n=64"), "n -> m");
  const Tensor x = random("n=8"), z = random("n=64");
  const int64_t before = simulated::blas_handles();
  const auto plan = [&](const Linop& a, const Tensor& data) {
    return make_plan(a.node(), *data.layout(), data.dtype(), nullptr, gpu);
  };

  plan(small, x);  // goes without
  CHECK(simulated::blas_handles() == before);
  const auto planned = plan(large, z);
  CHECK(simulated::blas_handles() == before + 1);
  const size_t free = simulated::free_bytes();
  const Tensor y = planned->run(z, gpu).to(Device::host(), h.host);

  CHECK(simulated::blas_handles() == before + 1);
  CHECK(free - simulated::free_bytes() < 64 * 1024);  // the result, and no workspace
  const Tensor here = large.to(Device::host(), h.host)(z.to(Device::host(), h.host), h.host);
  CHECK(norm(binary(Binary::subtract, y, here, h.host), h.host) < 1e-5 * norm(here, h.host));
  declare_virtual_devices({});
}

TEST_CASE(
    "cuBLAS: where its setup does not fit, unused memory is given back, then it is an error") {
  VirtualDevices many;
  many.cuda = 5;
  declare_virtual_devices(many);
  Here h;
  Context gpu = on_device({DeviceKind::cuda, 4}, h.host);
  gpu.account->set_budget(100'000'000);
  const auto random = [&](const char* shape) {
    return randn(Shape::parse(shape), DType::c64, 1, h.host).to(gpu.device, gpu);
  };
  const Linop a = Dense(random("m=64 n=64"), "n -> m");
  const Tensor z = random("n=64");
  const auto plan = [&] { return make_plan(a.node(), *z.layout(), z.dtype(), nullptr, gpu); };
  {
    const Scarce scarce(0);
    CHECK_THROWS_WITH(plan(),
                      "allocate: the setup of cuBLAS does not fit on cuda:4: 33280 of "
                      "100000000 bytes are in use; drop tensors or raise the memory limit; "
                      "largest live tensors:\n  c64 {m=64, n=64}, 32768 bytes\n"
                      "  c64 {n=64}, 512 bytes");
  }
  random("n=5000000");  // 40 MB that stay in the pool, for later
  const Scarce scarce(0);

  const auto planned = plan();

  CHECK(Pool::of(gpu.device).figures().cached == 0);
  declare_virtual_devices({});
}
