// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/check.hpp"

#include <string>

#include "runtime/core/error.hpp"
#include "runtime/device/issued_work.hpp"

namespace lunops::cuda {

namespace {

// Those that a kernel causes while it runs; the context is lost with them.
bool is_asynchronous(cudaError_t status) {
  switch (static_cast<int>(status)) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
      return true;
    default:
      return false;
  }
}

std::string_view text_of(cufftResult status) {
  switch (static_cast<int>(status)) {
    case CUFFT_INVALID_PLAN:
      return "the plan is invalid";
    case CUFFT_ALLOC_FAILED:
      return "out of memory";
    case CUFFT_INVALID_VALUE:
      return "a value is invalid";
    case CUFFT_INTERNAL_ERROR:
      return "an error in the driver or in cuFFT";
    case CUFFT_EXEC_FAILED:
      return "the transform failed";
    case CUFFT_SETUP_FAILED:
      return "cuFFT could not be set up";
    case CUFFT_INVALID_SIZE:
      return "an extent is not supported";
    case CUFFT_NOT_SUPPORTED:
      return "not supported";
    default:
      return "unknown error";
  }
}

}  // namespace

void check(cudaError_t status, std::string_view call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // later calls would return it again
  if (status == cudaErrorMemoryAllocation) {
    fail(Code::device_memory, "cuda", "{}: {}", call, cudaGetErrorString(status));
  }
  if (is_asynchronous(status)) {
    const std::string issued = issued_text();
    fail(Code::device, "cuda",
         "{}: {} (error {}), {}; the device cannot be used any further, start a new process{}",
         call, cudaGetErrorString(status), static_cast<int>(status),
         issued.empty() ? "by this call or by work issued before it"
                        : "in work that was issued since the host last waited: " + issued,
         is_blocking() ? "" : " (LUNOPS_CUDA_BLOCKING=1 names the operator alone)");
  }
  fail(Code::device, "cuda", "{}: {} (error {})", call, cudaGetErrorString(status),
       static_cast<int>(status));
}

void check(cublasStatus_t status, std::string_view call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail(status == CUBLAS_STATUS_ALLOC_FAILED ? Code::device_memory : Code::device, "cuda",
       "{}: {} (status {})", call, cublasGetStatusString(status), static_cast<int>(status));
}

void check(cufftResult status, std::string_view call) {
  if (status == CUFFT_SUCCESS) return;
  fail(status == CUFFT_ALLOC_FAILED ? Code::device_memory : Code::device, "cuda",
       "{}: {} (result {})", call, text_of(status), static_cast<int>(status));
}

}  // namespace lunops::cuda
