// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/backend/backend.hpp"

// What ReferenceBackend's planned kernels are made of.
namespace lunops::reference {

std::shared_ptr<const FftKernel> make_fft(const FftSpec& spec, Stream& stream);
std::shared_ptr<const NufftPoints> make_nufft(const NufftSpec& spec, Stream& stream);
std::shared_ptr<const InterpolateKernel> make_interpolate(const InterpolateSpec& spec,
                                                          Stream& stream);
std::shared_ptr<const ToeplitzKernel> make_toeplitz(const ToeplitzSpec& spec, Stream& stream);
std::shared_ptr<const ConvolutionKernel> make_convolution(const ConvolutionSpec& spec,
                                                          Stream& stream);
std::shared_ptr<const WaveletKernel> make_wavelet(const WaveletSpec& spec, Stream& stream);
Backend::NufftEstimate estimate_nufft(const NufftSpec& spec, int64_t batch, bool complex_weights);

}  // namespace lunops::reference
