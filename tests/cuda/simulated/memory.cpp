// SPDX-License-Identifier: MIT
// Memory that libraries take by themselves, where there is none left.
#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
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
