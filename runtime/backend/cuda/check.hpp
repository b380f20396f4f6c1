// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cufft.h>

#include <string_view>

namespace lunops::cuda {

// Every call of the CUDA libraries goes through one of these: they throw Error{device} with the
// name of the call and what the library says, Error{device_memory} where memory is short.
//
// Kernels fail after they were issued, so an error may belong to one that was issued before
// `call`; the text says so for those that can.
void check(cudaError_t status, std::string_view call);
void check(cublasStatus_t status, std::string_view call);
void check(cufftResult status, std::string_view call);

}  // namespace lunops::cuda
