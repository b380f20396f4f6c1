// SPDX-License-Identifier: MIT
// What plans expect of kernels on GPUs before they are made.
#include <vector>

#include <catch2/catch.hpp>

#include "runtime/backend/backend.hpp"
#include "runtime/device/gpu_rates.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;

namespace {

// A lattice that fills the plane evenly.
std::vector<double> points_of(int64_t count, double side) {
  std::vector<double> k;
  for (int64_t i = 0; i < count; ++i) {
    for (const double step : {0.7548776662466927, 0.5698402909980532}) {
      const double turns = static_cast<double>(i) * step;
      k.push_back((turns - static_cast<double>(static_cast<int64_t>(turns)) - 0.5) * side);
    }
  }
  return k;
}

NufftSpec spec_of(DType dtype, const std::vector<double>& k) {
  NufftSpec spec;
  spec.dtype = dtype;
  spec.image = {64, 64};
  spec.points = static_cast<int64_t>(k.size()) / 2;
  spec.coordinates = k.data();
  return spec;
}

bool are_equal(const NufftCost& a, const NufftCost& b) {
  return a.seconds == b.seconds && a.flops == b.flops && a.bytes == b.bytes;
}

}  // namespace

TEST_CASE("cuda costs: a kernel costs what was expected before it was made", "[cuda]") {
  if (!on_gpu::is_here()) return;
  const std::vector<double> k = points_of(1000, 64);
  Stream stream(on_gpu::kGpu, Backend::reference());
  for (const DType dtype : {DType::c64, DType::c128}) {
    const NufftSpec spec = spec_of(dtype, k);
    const auto points = stream.backend().nufft(spec, stream);
    for (const bool is_adjoint : {false, true}) {
      CHECK(are_equal(stream.backend().gridding_cost(spec, 3, is_adjoint),
                      points->cost(3, is_adjoint)));
    }
    ToeplitzSpec normal;
    normal.nufft = spec;
    const auto kernel = stream.backend().toeplitz(normal, stream);
    CHECK(are_equal(stream.backend().toeplitz_cost(normal, 3, false), kernel->cost(3)));
  }
}

TEST_CASE("cuda costs: a kernel needs the workspace that was expected of it", "[cuda]") {
  if (!on_gpu::is_here()) return;
  Stream stream(on_gpu::kGpu, Backend::reference());
  Backend& gpu = stream.backend();
  SECTION("FFT") {
    for (const std::vector<int>& axes : {std::vector<int>{}, {2}, {1, 3}, {0, 1, 2, 3}}) {
      FftSpec spec;
      spec.dtype = DType::c64;
      spec.extents = {2, 5, 6, 7};
      spec.x_strides = spec.y_strides = {210, 42, 7, 1};
      spec.axes = axes;
      CHECK(gpu.fft_workspace(spec, stream) == gpu.fft(spec, stream)->workspace());
    }
  }
  SECTION("NUFFT and its normal") {
    std::vector<double> k = points_of(900, 64);
    for (const std::vector<int64_t>& image : {std::vector<int64_t>{48}, {20, 33}, {40, 40, 41}}) {
      ToeplitzSpec spec;
      spec.nufft.image = image;
      spec.nufft.points = static_cast<int64_t>(k.size() / image.size());
      spec.nufft.coordinates = k.data();
      const auto expected = gpu.nufft_bytes(spec, false, 5, stream);
      CHECK(expected.gridding == gpu.nufft(spec.nufft, stream)->workspace(5));
      const auto kernel = gpu.toeplitz(spec, stream);
      CHECK(expected.toeplitz == kernel->workspace(5));
      CHECK(expected.kernel == kernel->bytes());
    }
  }
}

TEST_CASE("cuda costs: times follow from the rates of the GPU", "[cuda]") {
  if (!on_gpu::is_here()) return;
  const GpuRates rates = gpu_rates(on_gpu::kGpu);
  CHECK(rates.bytes > 1e10);  // any GPU that there is a kernel for has more
  CHECK(rates.flops_single >= rates.flops_double);
  const std::vector<double> k = points_of(100000, 64);
  Stream stream(on_gpu::kGpu, Backend::reference());
  const NufftSpec spec = spec_of(DType::c64, k);

  const NufftCost forward = stream.backend().gridding_cost(spec, 8, false);
  const NufftCost adjoint = stream.backend().gridding_cost(spec, 8, true);

  CHECK(forward.seconds >= forward.bytes / rates.bytes);
  CHECK(adjoint.seconds > forward.seconds);
  // Nothing takes less than its launches.
  const std::vector<double> one = points_of(1, 64);
  CHECK(stream.backend().gridding_cost(spec_of(DType::c64, one), 1, false).seconds >=
        4 * rates.launch);
}
