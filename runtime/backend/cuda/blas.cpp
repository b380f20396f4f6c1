// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/blas.hpp"

#include "runtime/backend/cuda/check.hpp"
#include "runtime/device/graph.hpp"

namespace lunops::cuda {

namespace {

// What the documentation of cublasSetWorkspace recommends: 32 MiB from Hopper on, 4 MiB before.
size_t workspace_bytes(int device) {
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, physical(device)),
        "cudaDeviceGetAttribute");
  return size_t{major >= 9 ? 32u : 4u} << 20;
}

// False, with nothing left, where memory is short.  That may also show as a handle that could not
// be initialised: whether it was that, a second try tells.
bool make(Gpu& gpu, size_t bytes, bool is_last) {
  if (gpu.blas != nullptr) return true;  // by code of the user that ran while room was made
  cublasHandle_t handle = nullptr;
  const cublasStatus_t status = cublasCreate(&handle);
  if (status == CUBLAS_STATUS_ALLOC_FAILED ||
      (status == CUBLAS_STATUS_NOT_INITIALIZED && !is_last)) {
    cudaGetLastError();  // of calls within, which later calls would return
    return false;
  }
  check(status, "cublasCreate");
  void* const workspace = allocate(gpu.index, bytes);
  if (workspace == nullptr) {
    cublasDestroy(handle);
    return false;
  }
  gpu.blas = handle;
  gpu.blas_workspace = workspace;
  gpu.blas_bytes = bytes;
  return true;
}

void require_blas(Gpu& gpu, const Stream& stream) {
  if (gpu.blas != nullptr) return;
  refuse_while_capturing("the setup of cuBLAS");
  const size_t bytes = workspace_bytes(gpu.index);
  int tries = 0;
  with_room("the setup of cuBLAS does", stream, [&] { return make(gpu, bytes, ++tries == 2); });
}

}  // namespace

cublasHandle_t begin_blas(Gpu& gpu, const Stream& stream, cudaStream_t native) {
  require_blas(gpu, stream);
  check(cublasSetStream(gpu.blas, native), "cublasSetStream");
  // Setting the stream takes the workspace away.
  check(cublasSetWorkspace(gpu.blas, gpu.blas_workspace, gpu.blas_bytes), "cublasSetWorkspace");
  return gpu.blas;
}

void prepare_blas(const Stream& stream) {
  use(stream.device().index);
  Gpu& gpu = Gpu::at(stream.device().index);
  const std::lock_guard lock(gpu.blas_mutex);
  require_blas(gpu, stream);
}

}  // namespace lunops::cuda
