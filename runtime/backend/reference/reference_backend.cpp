// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/reference_backend.hpp"

#include "runtime/backend/reference/planned.hpp"

namespace lunops {

Backend& Backend::reference() {
  static ReferenceBackend backend;
  return backend;
}

std::shared_ptr<const FftKernel> ReferenceBackend::fft(const FftSpec& spec, Stream& stream) {
  return reference::make_fft(spec, stream);
}

std::shared_ptr<const NufftPoints> ReferenceBackend::nufft(const NufftSpec& spec, Stream& stream) {
  return reference::make_nufft(spec, stream);
}

std::shared_ptr<const InterpolateKernel> ReferenceBackend::interpolate(const InterpolateSpec& spec,
                                                                       Stream& stream) {
  return reference::make_interpolate(spec, stream);
}

std::shared_ptr<const ToeplitzKernel> ReferenceBackend::toeplitz(const ToeplitzSpec& spec,
                                                                 Stream& stream) {
  return reference::make_toeplitz(spec, stream);
}

std::shared_ptr<const ConvolutionKernel> ReferenceBackend::convolution(const ConvolutionSpec& spec,
                                                                       Stream& stream) {
  return reference::make_convolution(spec, stream);
}

std::shared_ptr<const WaveletKernel> ReferenceBackend::wavelet(const WaveletSpec& spec,
                                                               Stream& stream) {
  return reference::make_wavelet(spec, stream);
}

Backend::NufftEstimate ReferenceBackend::estimate(const NufftSpec& spec,
                                                  int64_t batch,
                                                  bool complex_weights) {
  return reference::estimate_nufft(spec, batch, complex_weights);
}

}  // namespace lunops
