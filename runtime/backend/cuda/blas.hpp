// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/view.hpp"

namespace lunops::cuda {

// The handle of the stream's GPU, set to issue there, while gpu.blas_mutex is held.  Made at the
// first call, unless prepare_blas did so.
//
// cuBLAS works in memory that the runtime gives it, since it would allocate otherwise, which
// applications and captures in graphs must not.  One workspace serves all of a device: all work of
// cuBLAS goes to the one compute stream, graphs too are launched there, so that one product has
// left the workspace before the next comes.
cublasHandle_t begin_blas(Gpu& gpu, const Stream& stream, cudaStream_t native);
// The same at planning time, without the lock.
void prepare_blas(const Stream& stream);

// As DeviceModule says; in contract.cu.
void prepare_contraction(
    const RawView& a, const RawView& b, int reduced, const RawView& y, const Stream& stream);

}  // namespace lunops::cuda
