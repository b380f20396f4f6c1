// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"

#include <map>
#include <memory>
#include <mutex>

#include "runtime/backend/cuda/device.hpp"
#include "runtime/core/error.hpp"

namespace lunops {

namespace {

[[noreturn]] void absent(std::string_view kernel) {
  fail(Code::unsupported, kernel,
       "the cuda backend has no kernel for it; apply the operator on \"cpu\"");
}

}  // namespace

void CudaBackend::fill(c128, RawView, Stream&) { absent("fill"); }

void CudaBackend::copy(RawView, bool, RawView, Stream&) { absent("copy"); }

void CudaBackend::axpby(RawView, bool, Scale, RawView, Stream&) { absent("axpby"); }

void CudaBackend::multiply(RawView, RawView, bool, Scale, RawView, Stream&) { absent("multiply"); }

void CudaBackend::pointwise(
    const PointwiseSpec&, const RawView*, int, RawView, Scale, RawView, Stream&) {
  absent("pointwise");
}

void CudaBackend::binary(Binary, RawView, RawView, RawView, Stream&) { absent("binary"); }

void CudaBackend::unary(Unary, RawView, RawView, Stream&) { absent("unary"); }

void CudaBackend::where(RawView, RawView, RawView, RawView, Stream&) { absent("where"); }

void CudaBackend::reduce(Reduction, RawView, RawView, Stream&) { absent("reduce"); }

void CudaBackend::sum(RawView, Scale, RawView, SumOrder, Stream&) { absent("sum"); }

void CudaBackend::dot(RawView, RawView, c128*, Stream&) { absent("dot"); }

void CudaBackend::norm2(RawView, double*, Stream&) { absent("norm2"); }

void CudaBackend::contract(RawView, bool, RawView, bool, int, Scale, RawView, SumOrder, Stream&) {
  absent("contract");
}

void CudaBackend::sparse(const SparseRows&, bool, RawView, Scale, RawView, Stream&) {
  absent("sparse");
}

void CudaBackend::array_to_blocks(const BlockGrid&, RawView, Scale, RawView, Stream&) {
  absent("array_to_blocks");
}

void CudaBackend::blocks_to_array(const BlockGrid&, RawView, Scale, RawView, Stream&) {
  absent("blocks_to_array");
}

void CudaBackend::random(bool, uint64_t, int64_t, RawView, Stream&) { absent("random"); }

void CudaBackend::cg_update(const c128*, RawView, RawView, RawView, RawView, double*, Stream&) {
  absent("cg_update");
}

void CudaBackend::cg_direction(const c128*, RawView, RawView, Stream&) { absent("cg_direction"); }

void CudaBackend::cg_products(RawView, RawView, c128*, double*, double*, Stream&) {
  absent("cg_products");
}

void CudaBackend::difference(const DifferenceSpec&, RawView, RawView, Scale, Stream&) {
  absent("difference");
}

std::shared_ptr<const FftKernel> CudaBackend::fft(const FftSpec&, Stream&) { absent("fft"); }

std::shared_ptr<const NufftPoints> CudaBackend::nufft(const NufftSpec&, Stream&) {
  absent("nufft");
}

std::shared_ptr<const InterpolateKernel> CudaBackend::interpolate(const InterpolateSpec&, Stream&) {
  absent("interpolate");
}

std::shared_ptr<const ToeplitzKernel> CudaBackend::toeplitz(const ToeplitzSpec&, Stream&) {
  absent("toeplitz");
}

std::shared_ptr<const ConvolutionKernel> CudaBackend::convolution(const ConvolutionSpec&, Stream&) {
  absent("convolution");
}

std::shared_ptr<const WaveletKernel> CudaBackend::wavelet(const WaveletSpec&, Stream&) {
  absent("wavelet");
}

Backend::NufftEstimate CudaBackend::estimate(const NufftSpec&, int64_t, bool) {
  absent("estimate");
}

namespace cuda {

Backend& backend_of(int device) {
  struct Registry {
    std::mutex mutex;
    std::map<int, std::unique_ptr<CudaBackend>> backends;
  };
  static Registry* const registry = new Registry;
  Gpu::at(device);  // throws where there is none
  const std::lock_guard lock(registry->mutex);
  auto& made = registry->backends[device];
  if (made == nullptr) made = std::make_unique<CudaBackend>(device);
  return *made;
}

}  // namespace cuda

}  // namespace lunops
