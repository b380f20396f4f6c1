// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/cpu_backend.hpp"

#include "runtime/backend/cpu/planned.hpp"

namespace lunops {

Backend& Backend::cpu() {
  static CpuBackend backend;
  return backend;
}

std::shared_ptr<const FftKernel> CpuBackend::fft(const FftSpec& spec, Stream& stream) {
  return cpu::make_fft(spec, stream);
}

std::shared_ptr<const NufftPoints> CpuBackend::nufft(const NufftSpec& spec, Stream& stream) {
  return cpu::make_nufft(spec, stream);
}

std::shared_ptr<const ToeplitzKernel> CpuBackend::toeplitz(const ToeplitzSpec& spec,
                                                           Stream& stream) {
  return cpu::make_toeplitz(spec, stream);
}

Backend::NufftEstimate CpuBackend::estimate(const NufftSpec& spec,
                                            int64_t batch,
                                            bool complex_weights) {
  return cpu::estimate_nufft(spec, batch, complex_weights);
}

}  // namespace lunops
