// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <memory>

#include "runtime/backend/backend.hpp"
#include "runtime/device/gpu_rates.hpp"

namespace lunops::cuda {

constexpr int kMostAxes = 8;  // of one transform

std::shared_ptr<const FftKernel> make_fft(const FftSpec& spec, Stream& stream);
size_t fft_workspace(const FftSpec& spec, const Stream& stream);  // of one that is not made
std::shared_ptr<const NufftPoints> make_nufft(const NufftSpec& spec, Stream& stream);
// About the workspace of a NUFFT that is not made yet.
size_t gridding_workspace(const NufftSpec& spec, int64_t batch, const Stream& stream);

std::shared_ptr<const ToeplitzKernel> make_toeplitz(const ToeplitzSpec& spec, Stream& stream);
// One application on a GPU of these rates.
NufftCost toeplitz_cost(const ToeplitzSpec& spec,
                        int64_t batch,
                        bool complex_weights,
                        const GpuRates& rates);
NufftCost gridding_cost(const NufftSpec& spec,
                        const NufftParameters& parameters,
                        int64_t batch,
                        bool is_adjoint,
                        const GpuRates& rates);
// All but `gridding`.
Backend::NufftBytes toeplitz_bytes(const ToeplitzSpec& spec,
                                   bool complex_weights,
                                   int64_t batch,
                                   const Stream& stream);
std::shared_ptr<const InterpolateKernel> make_interpolate(const InterpolateSpec& spec,
                                                          Stream& stream);
std::shared_ptr<const WaveletKernel> make_wavelet(const WaveletSpec& spec, Stream& stream);

std::shared_ptr<const ConvolutionKernel> make_convolution(const ConvolutionSpec& spec,
                                                          Stream& stream);

}  // namespace lunops::cuda
