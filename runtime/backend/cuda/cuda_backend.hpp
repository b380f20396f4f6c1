// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include "runtime/backend/backend.hpp"

namespace lunops {

// The kernels of one GPU, one file per operation as in reference/.
//
// Data that views, SparseRows and BlockGrid point to lie in memory of the stream's device.  Work is
// issued to the stream and runs later, in order; what returns numbers to the host (dot, norm2,
// fetch) waits for them.
class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(int device) noexcept : device_(device) {}
  std::string_view name() const noexcept override { return "cuda"; }
  int device() const noexcept { return device_; }

  void fill(c128 value, RawView y, Stream&) override;
  void copy(RawView x, bool conjugate, RawView y, Stream&) override;
  void axpby(RawView x, bool conjugate, Scale s, RawView y, Stream&) override;
  void multiply(RawView w, RawView x, bool conjugate, Scale s, RawView y, Stream&) override;
  void pointwise(const PointwiseSpec& spec,
                 const RawView* weights,
                 int count,
                 RawView x,
                 Scale s,
                 RawView y,
                 Stream&) override;
  void binary(Binary op, RawView a, RawView b, RawView y, Stream&) override;
  void unary(Unary op, RawView x, RawView y, Stream&) override;
  void where(RawView mask, RawView a, RawView b, RawView y, Stream&) override;
  void reduce(Reduction op, RawView x, RawView y, Stream&) override;
  void sum(RawView x, Scale s, RawView y, SumOrder order, Stream&) override;
  void dot(RawView x, RawView y, c128* result, Stream&) override;
  void norm2(RawView x, double* result, Stream&) override;
  void contract(RawView a,
                bool conjugate_a,
                RawView b,
                bool conjugate_b,
                int reduced,
                Scale s,
                RawView y,
                SumOrder order,
                Stream&) override;
  void sparse(const SparseRows& a, bool conjugate, RawView x, Scale s, RawView y, Stream&) override;
  void array_to_blocks(const BlockGrid& grid, RawView x, Scale s, RawView y, Stream&) override;
  void blocks_to_array(const BlockGrid& grid, RawView y, Scale s, RawView x, Stream&) override;
  void random(bool normal, uint64_t seed, int64_t first, RawView y, Stream&) override;
  void cg_update(const c128* alpha,
                 RawView p,
                 RawView q,
                 RawView x,
                 RawView r,
                 double* result,
                 Stream&) override;
  void cg_direction(const c128* beta, RawView z, RawView p, Stream&) override;
  void cg_products(RawView p, RawView q, c128* delta, double* pp, double* qq, Stream&) override;
  void cg_scalars(const CgScalars& scalars, CgScalars::Stage stage, Stream&) override;
  void fetch(const void* from, void* to, size_t bytes, Stream&) override;
  void difference(const DifferenceSpec& spec, RawView x, RawView y, Scale s, Stream&) override;
  std::shared_ptr<const FftKernel> fft(const FftSpec& spec, Stream&) override;
  size_t fft_workspace(const FftSpec& spec, Stream&) override;
  std::shared_ptr<const NufftPoints> nufft(const NufftSpec& spec, Stream&) override;
  std::shared_ptr<const InterpolateKernel> interpolate(const InterpolateSpec& spec,
                                                       Stream&) override;
  std::shared_ptr<const ToeplitzKernel> toeplitz(const ToeplitzSpec& spec, Stream&) override;
  std::shared_ptr<const ConvolutionKernel> convolution(const ConvolutionSpec& spec,
                                                       Stream&) override;
  std::shared_ptr<const WaveletKernel> wavelet(const WaveletSpec& spec, Stream&) override;
  NufftEstimate estimate(const NufftSpec& spec, int64_t batch, bool complex_weights) override;
  NufftCost gridding_cost(const NufftSpec& spec, int64_t batch, bool is_adjoint) const override;
  NufftCost toeplitz_cost(const ToeplitzSpec& spec,
                          int64_t batch,
                          bool complex_weights) const override;
  NufftBytes nufft_bytes(const ToeplitzSpec& spec,
                         bool complex_weights,
                         int64_t batch,
                         Stream&) override;

 private:
  int device_;
};

namespace cuda {

Backend& backend_of(int device);  // throws Error{device}

}  // namespace cuda

}  // namespace lunops
