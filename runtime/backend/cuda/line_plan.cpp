// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/line_plan.hpp"

#include <utility>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"

namespace lunops::cuda {

LinePlan::LinePlan(const std::vector<int64_t>& n,
                   int64_t stride,
                   int64_t distance,
                   int64_t batch,
                   bool is_double,
                   const Stream& stream)
    : device_(stream.device().index), is_double_(is_double) {
  int64_t count = batch;
  for (const int64_t extent : n) count *= extent;
  if (count == batch || count == 0) return;  // one element is its own transform
  enter(stream);
  with_room("a plan of cuFFT does", stream, [&] { return make(n, stride, distance, batch); });
}

bool LinePlan::make(const std::vector<int64_t>& n,
                    int64_t stride,
                    int64_t distance,
                    int64_t batch) {
  cufftHandle plan = 0;
  cufftResult status = cufftCreate(&plan);
  if (status == CUFFT_ALLOC_FAILED) return false;
  check(status, "cufftCreate");
  std::vector<long long> extents(n.begin(), n.end()), embedded = extents;
  status = cufftSetAutoAllocation(plan, 0);
  if (status == CUFFT_SUCCESS) {
    status = cufftMakePlanMany64(plan, static_cast<int>(n.size()), extents.data(), embedded.data(),
                                 stride, distance, embedded.data(), stride, distance,
                                 is_double_ ? CUFFT_Z2Z : CUFFT_C2C, batch, &work_bytes_);
  }
  if (status != CUFFT_SUCCESS) {
    cufftDestroy(plan);
    cudaGetLastError();  // of calls within, which later calls would return
    if (status == CUFFT_ALLOC_FAILED) return false;
    check(status, "cufftMakePlanMany64");
  }
  plan_ = plan;
  is_made_ = true;
  return true;
}

LinePlan::~LinePlan() {
  if (!is_made_) return;
  // Nothing can be done about an error here.
  if (cudaSetDevice(physical(device_)) != cudaSuccess) cudaGetLastError();
  cufftDestroy(plan_);
}

void LinePlan::swap(LinePlan& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(is_made_, other.is_made_);
  std::swap(is_double_, other.is_double_);
  std::swap(plan_, other.plan_);
  std::swap(work_bytes_, other.work_bytes_);
}

void LinePlan::prepare(void* work, cudaStream_t stream) const {
  if (!is_made_) return;
  check(cufftSetStream(plan_, stream), "cufftSetStream");
  check(cufftSetWorkArea(plan_, work), "cufftSetWorkArea");
}

void LinePlan::execute(void* data, int sign) const {
  if (!is_made_) return;
  const int direction = sign < 0 ? CUFFT_FORWARD : CUFFT_INVERSE;
  if (is_double_) {
    auto* const z = static_cast<cufftDoubleComplex*>(data);
    check(cufftExecZ2Z(plan_, z, z, direction), "cufftExecZ2Z");
  } else {
    auto* const c = static_cast<cufftComplex*>(data);
    check(cufftExecC2C(plan_, c, c, direction), "cufftExecC2C");
  }
}

}  // namespace lunops::cuda
