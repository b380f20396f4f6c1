// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/cpu_backend.hpp"

#include "runtime/backend/cpu/fft_plan.hpp"
#include "runtime/backend/cpu/planned.hpp"

namespace lunops {

Backend& Backend::cpu() {
  static CpuBackend backend;
  return backend;
}

std::shared_ptr<const FftKernel> CpuBackend::fft(const FftSpec& spec, Stream& stream) {
  return cpu::make_fft(spec, stream);
}

size_t CpuBackend::fft_workspace(const FftSpec& spec, Stream& stream) {
  return cpu::fft_workspace(spec, stream);
}

Backend::FftPlanning CpuBackend::fft_planning() const {
  const cpu::FftPlanning p = cpu::fft_planning();
  return {p.seconds, p.measured, p.from_wisdom};
}

std::string CpuBackend::take_note() { return cpu::take_planning_note(); }

std::shared_ptr<const NufftPoints> CpuBackend::nufft(const NufftSpec& spec, Stream& stream) {
  return cpu::make_nufft(spec, stream);
}

std::shared_ptr<const InterpolateKernel> CpuBackend::interpolate(const InterpolateSpec& spec,
                                                                 Stream& stream) {
  return cpu::make_interpolate(spec, stream);
}

std::shared_ptr<const ToeplitzKernel> CpuBackend::toeplitz(const ToeplitzSpec& spec,
                                                           Stream& stream) {
  return cpu::make_toeplitz(spec, stream);
}

std::shared_ptr<const ConvolutionKernel> CpuBackend::convolution(const ConvolutionSpec& spec,
                                                                 Stream& stream) {
  return cpu::make_convolution(spec, stream);
}

std::shared_ptr<const WaveletKernel> CpuBackend::wavelet(const WaveletSpec& spec, Stream& stream) {
  return cpu::make_wavelet(spec, stream);
}

Backend::NufftEstimate CpuBackend::estimate(const NufftSpec& spec,
                                            int64_t batch,
                                            bool complex_weights) {
  return cpu::estimate_nufft(spec, batch, complex_weights);
}

Backend::NufftBytes CpuBackend::nufft_bytes(const ToeplitzSpec& spec,
                                            bool complex_weights,
                                            int64_t batch,
                                            Stream& stream) {
  return cpu::nufft_bytes(spec, complex_weights, batch, stream);
}

}  // namespace lunops
