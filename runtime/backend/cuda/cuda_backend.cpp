// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"

#include <map>
#include <memory>
#include <mutex>

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/cuda/planned.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/graph.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops {

using namespace cuda;

std::shared_ptr<const FftKernel> CudaBackend::fft(const FftSpec& spec, Stream& stream) {
  if (spec.axes.size() > kMostAxes) {
    fail(Code::unsupported, "fft",
         "{} dims are transformed at once, the cuda backend takes {}; apply one FFT after another",
         spec.axes.size(), kMostAxes);
  }
  return make_fft(spec, stream);
}

size_t CudaBackend::fft_workspace(const FftSpec& spec, Stream& stream) {
  return cuda::fft_workspace(spec, stream);
}

std::shared_ptr<const NufftPoints> CudaBackend::nufft(const NufftSpec& spec, Stream& stream) {
  return make_nufft(spec, stream);
}

std::shared_ptr<const InterpolateKernel> CudaBackend::interpolate(const InterpolateSpec& spec,
                                                                  Stream& stream) {
  return make_interpolate(spec, stream);
}

std::shared_ptr<const ToeplitzKernel> CudaBackend::toeplitz(const ToeplitzSpec& spec,
                                                            Stream& stream) {
  return make_toeplitz(spec, stream);
}

std::shared_ptr<const ConvolutionKernel> CudaBackend::convolution(const ConvolutionSpec& spec,
                                                                  Stream& stream) {
  return make_convolution(spec, stream);
}

std::shared_ptr<const WaveletKernel> CudaBackend::wavelet(const WaveletSpec& spec, Stream& stream) {
  return make_wavelet(spec, stream);
}

// The choice between gridding and Toeplitz, and the parameters, are those of the host: so what a
// plan chooses does not depend on the device.
Backend::NufftEstimate CudaBackend::estimate(const NufftSpec& spec,
                                             int64_t batch,
                                             bool complex_weights) {
  return cpu::estimate_nufft(spec, batch, complex_weights);
}

NufftCost CudaBackend::gridding_cost(const NufftSpec& spec, int64_t batch, bool is_adjoint) const {
  return cuda::gridding_cost(spec, nufft::choose(spec), batch, is_adjoint, Gpu::at(device_).rates);
}

NufftCost CudaBackend::toeplitz_cost(const ToeplitzSpec& spec,
                                     int64_t batch,
                                     bool complex_weights) const {
  return cuda::toeplitz_cost(spec, batch, complex_weights, Gpu::at(device_).rates);
}

Backend::NufftBytes CudaBackend::nufft_bytes(const ToeplitzSpec& spec,
                                             bool complex_weights,
                                             int64_t batch,
                                             Stream& stream) {
  NufftBytes made = toeplitz_bytes(spec, complex_weights, batch, stream);
  made.gridding = gridding_workspace(spec.nufft, batch, stream);
  return made;
}

void CudaBackend::fetch(const void* from, void* to, size_t bytes, Stream& stream) {
  refuse_while_capturing("a number for the host");
  if (bytes != 0) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, enter(stream)),
          "cudaMemcpyAsync");
  }
  stream.wait();
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
