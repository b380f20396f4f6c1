// SPDX-License-Identifier: MIT
// What the backend calls of cuFFT and cuBLAS.
#include <cublas_v2.h>
#include <cufft.h>

#include <atomic>
#include <complex>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "runtime/backend/backend.hpp"
#include "runtime/device/context.hpp"
#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

namespace {

// Lines by strides, transformed by the backend of the host.
struct Plan {
  std::vector<int64_t> extents, x_strides, y_strides;  // the batch first
  cufftType type = CUFFT_C2C;
  size_t bytes = 0;  // of its work area
  void* area = nullptr;
  void* tables = nullptr;  // of the plan itself
  cudaStream_t stream = nullptr;
};

struct Plans {
  std::mutex mutex;
  std::map<cufftHandle, Plan> all;
  cufftHandle next = 1;
};
Plans& plans() {
  static Plans* const made = new Plans;
  return *made;
}

size_t span(const std::vector<int64_t>& extents, const std::vector<int64_t>& strides) {
  int64_t last = 0;
  for (size_t d = 0; d < extents.size(); ++d) last += (extents[d] - 1) * strides[d];
  return static_cast<size_t>(last + 1);
}

void transform(const Plan& plan, const void* x, void* y, int direction) {
  FftSpec spec;
  spec.dtype = plan.type == CUFFT_C2C ? DType::c64 : DType::c128;
  spec.extents = plan.extents;
  spec.x_strides = plan.x_strides;
  spec.y_strides = plan.y_strides;
  for (size_t d = 1; d < plan.extents.size(); ++d) spec.axes.push_back(static_cast<int>(d));
  spec.sign = direction == CUFFT_FORWARD ? -1 : 1;
  spec.centred = false;
  // What lies there is lost, whatever the plan does.
  if (plan.bytes != 0) std::memset(plan.area, 0xff, plan.bytes);
  const size_t element = size_of(spec.dtype);
  const size_t in = span(plan.extents, plan.x_strides) * element;
  std::vector<std::byte> held(in);
  std::memcpy(held.data(), x, in);
  Context context(Backend::cpu());
  const auto kernel = context.backend().fft(spec, *context.stream);
  std::vector<std::byte> workspace(kernel->workspace() + 64);
  auto address = reinterpret_cast<uintptr_t>(workspace.data());
  kernel->run(held.data(), y, Scale{}, reinterpret_cast<std::byte*>((address + 63) / 64 * 64),
              *context.stream);
}

cufftResult execute(cufftHandle handle, cufftType type, void* x, void* y, int direction) {
  Plans& p = plans();
  const std::lock_guard lock(p.mutex);
  const auto it = p.all.find(handle);
  if (it == p.all.end() || it->second.type != type) return CUFFT_INVALID_PLAN;
  const Plan plan = it->second;
  if (!simulated::is_device_memory(x) || !simulated::is_device_memory(y))
    return CUFFT_INVALID_VALUE;
  if (plan.bytes != 0 && !simulated::is_device_memory(plan.area)) return CUFFT_INVALID_VALUE;
  simulated::issue(plan.stream, [=] { transform(plan, x, y, direction); });
  return CUFFT_SUCCESS;
}

template <class F>
cufftResult change(cufftHandle handle, const F& f) {
  Plans& p = plans();
  const std::lock_guard lock(p.mutex);
  const auto it = p.all.find(handle);
  if (it == p.all.end()) return CUFFT_INVALID_PLAN;
  f(it->second);
  return CUFFT_SUCCESS;
}

}  // namespace

extern "C" {

cufftResult cufftCreate(cufftHandle* handle) {
  Plans& p = plans();
  const std::lock_guard lock(p.mutex);
  *handle = p.next++;
  p.all[*handle];
  return CUFFT_SUCCESS;
}
cufftResult cufftDestroy(cufftHandle handle) {
  Plans& p = plans();
  const std::lock_guard lock(p.mutex);
  const auto it = p.all.find(handle);
  if (it == p.all.end()) return CUFFT_INVALID_PLAN;
  cudaFree(it->second.tables);
  p.all.erase(it);
  return CUFFT_SUCCESS;
}
cufftResult cufftSetAutoAllocation(cufftHandle handle, int is_automatic) {
  if (is_automatic != 0) return CUFFT_NOT_SUPPORTED;
  return change(handle, [](Plan&) {});
}
// As much as what is transformed.
cufftResult cufftGetSizeMany64(cufftHandle handle,
                               int rank,
                               long long int* n,
                               long long int*,
                               long long int,
                               long long int,
                               long long int*,
                               long long int,
                               long long int,
                               cufftType type,
                               long long int batch,
                               size_t* bytes) {
  if (type != CUFFT_C2C && type != CUFFT_Z2Z) return CUFFT_INVALID_TYPE;
  if (rank < 1 || rank > 3 || batch < 1) return CUFFT_INVALID_SIZE;
  *bytes = (type == CUFFT_C2C ? 8 : 16) * static_cast<size_t>(batch);
  for (int d = 0; d < rank; ++d) *bytes *= static_cast<size_t>(n[d]);
  return change(handle, [](Plan&) {});
}
cufftResult cufftMakePlanMany64(cufftHandle handle,
                                int rank,
                                long long int* n,
                                long long int* x_extents,
                                long long int x_stride,
                                long long int x_distance,
                                long long int* y_extents,
                                long long int y_stride,
                                long long int y_distance,
                                cufftType type,
                                long long int batch,
                                size_t* bytes) {
  if (type != CUFFT_C2C && type != CUFFT_Z2Z) return CUFFT_INVALID_TYPE;
  if (rank < 1 || rank > 3 || batch < 1) return CUFFT_INVALID_SIZE;
  Plan plan;
  plan.type = type;
  const auto count = static_cast<size_t>(rank) + 1;
  plan.extents.resize(count);
  plan.x_strides.resize(count);
  plan.y_strides.resize(count);
  plan.extents[0] = batch;
  plan.x_strides[0] = x_distance;
  plan.y_strides[0] = y_distance;
  int64_t x_step = x_stride, y_step = y_stride;
  for (size_t d = count - 1; d >= 1; --d) {
    if (n[d - 1] < 1) return CUFFT_INVALID_SIZE;
    plan.extents[d] = n[d - 1];
    plan.x_strides[d] = x_step;
    plan.y_strides[d] = y_step;
    x_step *= x_extents == nullptr ? n[d - 1] : x_extents[d - 1];
    y_step *= y_extents == nullptr ? n[d - 1] : y_extents[d - 1];
  }
  plan.bytes = type == CUFFT_C2C ? 8 : 16;
  for (const int64_t extent : plan.extents) plan.bytes *= static_cast<size_t>(extent);
  *bytes = plan.bytes;
  // Roots of unity, as cuFFT keeps them on the device.
  size_t tables = 0;
  for (size_t d = 1; d < count; ++d) tables += static_cast<size_t>(plan.extents[d]) * 16;
  plan.tables = simulated::allocate(tables);
  if (plan.tables == nullptr) return CUFFT_ALLOC_FAILED;
  return change(handle, [&](Plan& known) { known = plan; });
}
cufftResult cufftSetStream(cufftHandle handle, cudaStream_t stream) {
  return change(handle, [&](Plan& plan) { plan.stream = stream; });
}
cufftResult cufftSetWorkArea(cufftHandle handle, void* area) {
  return change(handle, [&](Plan& plan) { plan.area = area; });
}
cufftResult cufftExecC2C(cufftHandle handle, cufftComplex* x, cufftComplex* y, int direction) {
  return execute(handle, CUFFT_C2C, x, y, direction);
}
cufftResult cufftExecZ2Z(cufftHandle handle,
                         cufftDoubleComplex* x,
                         cufftDoubleComplex* y,
                         int direction) {
  return execute(handle, CUFFT_Z2Z, x, y, direction);
}

}  // extern "C"

namespace {

struct Blas {
  cudaStream_t stream = nullptr;
  void* tables = nullptr;     // of the handle itself
  void* workspace = nullptr;  // none since the stream was set: it would allocate
};
std::atomic<int64_t> handles{0};
constexpr size_t kLeastWorkspace = size_t{16} << 10;  // as its documentation says
Blas* blas_at(cublasHandle_t handle) { return reinterpret_cast<Blas*>(handle); }

template <class T>
T conj_of(const T& x) {
  return x;
}
template <class R>
std::complex<R> conj_of(const std::complex<R>& x) {
  return std::conj(x);
}

struct Product {
  cublasOperation_t op_a, op_b;
  int64_t m, n, k, lda, ldb, ldc, step_a, step_b, step_c, batch;
  const void *a, *b;
  void* c;
};

template <class T>
void multiply(const Product& p, T alpha, T beta) {
  const auto at = [](const T* x, cublasOperation_t op, int64_t ld, int64_t row, int64_t column) {
    if (op == CUBLAS_OP_N) return x[row + column * ld];
    const T value = x[column + row * ld];
    return op == CUBLAS_OP_C ? conj_of(value) : value;
  };
  for (int64_t i = 0; i < p.batch; ++i) {
    const T* a = static_cast<const T*>(p.a) + i * p.step_a;
    const T* b = static_cast<const T*>(p.b) + i * p.step_b;
    T* c = static_cast<T*>(p.c) + i * p.step_c;
    for (int64_t column = 0; column < p.n; ++column) {
      for (int64_t row = 0; row < p.m; ++row) {
        T sum{};
        for (int64_t k = 0; k < p.k; ++k) {
          sum += at(a, p.op_a, p.lda, row, k) * at(b, p.op_b, p.ldb, k, column);
        }
        T& y = c[row + column * p.ldc];
        y = beta == T(0) ? alpha * sum : alpha * sum + beta * y;
      }
    }
  }
}

}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  void* const tables = simulated::allocate(4096);
  if (tables == nullptr) return CUBLAS_STATUS_ALLOC_FAILED;
  *handle = reinterpret_cast<cublasHandle_t>(new Blas{nullptr, tables});
  ++handles;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  cudaFree(blas_at(handle)->tables);
  delete blas_at(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  blas_at(handle)->stream = stream;
  blas_at(handle)->workspace = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0 || bytes < kLeastWorkspace ||
      !simulated::is_device_memory(workspace)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  blas_at(handle)->workspace = workspace;
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusString(cublasStatus_t) { return "an error of the simulated GPU"; }

cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t handle,
                                             cublasOperation_t op_a,
                                             cublasOperation_t op_b,
                                             int64_t m,
                                             int64_t n,
                                             int64_t k,
                                             const void* alpha,
                                             const void* a,
                                             cudaDataType type_a,
                                             int64_t lda,
                                             long long int step_a,
                                             const void* b,
                                             cudaDataType type_b,
                                             int64_t ldb,
                                             long long int step_b,
                                             const void* beta,
                                             void* c,
                                             cudaDataType type_c,
                                             int64_t ldc,
                                             long long int step_c,
                                             int64_t batch,
                                             cublasComputeType_t,
                                             cublasGemmAlgo_t) {
  const bool is_fit = lda >= (op_a == CUBLAS_OP_N ? m : k) &&
                      ldb >= (op_b == CUBLAS_OP_N ? k : n) && ldc >= m && type_a == type_b &&
                      type_a == type_c;
  // Kernels place a batch along a dim of the grid that ends there.
  if (batch > 65535) return CUBLAS_STATUS_EXECUTION_FAILED;
  void* const workspace = blas_at(handle)->workspace;
  if (workspace == nullptr) return CUBLAS_STATUS_INTERNAL_ERROR;
  if (!is_fit || !simulated::is_device_memory(a) || !simulated::is_device_memory(b) ||
      !simulated::is_device_memory(c)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const Product p{op_a, op_b, m, n, k, lda, ldb, ldc, step_a, step_b, step_c, batch, a, b, c};
  const auto issue = [&]<class T>() {
    const T scale = *static_cast<const T*>(alpha), kept = *static_cast<const T*>(beta);
    simulated::issue(blas_at(handle)->stream, [=] {
      std::memset(workspace, 0xff, kLeastWorkspace);  // what lay there is lost
      multiply<T>(p, scale, kept);
    });
    return CUBLAS_STATUS_SUCCESS;
  };
  switch (type_a) {
    case CUDA_R_32F:
      return issue.operator()<float>();
    case CUDA_R_64F:
      return issue.operator()<double>();
    case CUDA_C_32F:
      return issue.operator()<std::complex<float>>();
    case CUDA_C_64F:
      return issue.operator()<std::complex<double>>();
    default:
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

}  // extern "C"

int64_t lunops::simulated::blas_handles() { return handles; }
