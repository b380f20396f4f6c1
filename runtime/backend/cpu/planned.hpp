// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/backend/backend.hpp"

// What CpuBackend's planned kernels are made of.
namespace lunops::cpu {

std::shared_ptr<const FftKernel> make_fft(const FftSpec& spec, Stream& stream);
size_t fft_workspace(const FftSpec& spec, Stream& stream);  // of what make_fft makes
std::shared_ptr<const NufftPoints> make_nufft(const NufftSpec& spec, Stream& stream);
std::shared_ptr<const InterpolateKernel> make_interpolate(const InterpolateSpec& spec,
                                                          Stream& stream);
std::shared_ptr<const ToeplitzKernel> make_toeplitz(const ToeplitzSpec& spec, Stream& stream);
std::shared_ptr<const ConvolutionKernel> make_convolution(const ConvolutionSpec& spec,
                                                          Stream& stream);
std::shared_ptr<const WaveletKernel> make_wavelet(const WaveletSpec& spec, Stream& stream);
// What make_nufft's transforms need; buffers of cut tiles are a guess before sorting.
size_t gridding_workspace(const NufftSpec& spec, int64_t batch, int threads);
Backend::NufftEstimate estimate_nufft(const NufftSpec& spec, int64_t batch, bool complex_weights);
Backend::NufftBytes nufft_bytes(const ToeplitzSpec& spec,
                                bool complex_weights,
                                int64_t batch,
                                Stream& stream);

}  // namespace lunops::cpu
