// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/line_plan.hpp"

#include <utility>

#include "runtime/backend/cuda/check.hpp"

namespace lunops::cuda {

LinePlan::LinePlan(
    const std::vector<int64_t>& n, int64_t stride, int64_t distance, int64_t batch, bool is_double)
    : is_double_(is_double) {
  int64_t count = batch;
  for (const int64_t extent : n) count *= extent;
  if (count == batch || count == 0) return;  // one element is its own transform
  check(cufftCreate(&plan_), "cufftCreate");
  is_made_ = true;
  check(cufftSetAutoAllocation(plan_, 0), "cufftSetAutoAllocation");
  std::vector<long long> extents(n.begin(), n.end()), embedded = extents;
  check(cufftMakePlanMany64(plan_, static_cast<int>(n.size()), extents.data(), embedded.data(),
                            stride, distance, embedded.data(), stride, distance,
                            is_double ? CUFFT_Z2Z : CUFFT_C2C, batch, &work_bytes_),
        "cufftMakePlanMany64");
}

LinePlan::~LinePlan() {
  if (is_made_) cufftDestroy(plan_);
}

void LinePlan::swap(LinePlan& other) noexcept {
  std::swap(is_made_, other.is_made_);
  std::swap(is_double_, other.is_double_);
  std::swap(plan_, other.plan_);
  std::swap(work_bytes_, other.work_bytes_);
}

void LinePlan::run(void* data, int sign, void* work, cudaStream_t stream) const {
  if (!is_made_) return;
  const int direction = sign < 0 ? CUFFT_FORWARD : CUFFT_INVERSE;
  check(cufftSetStream(plan_, stream), "cufftSetStream");
  check(cufftSetWorkArea(plan_, work), "cufftSetWorkArea");
  if (is_double_) {
    auto* const z = static_cast<cufftDoubleComplex*>(data);
    check(cufftExecZ2Z(plan_, z, z, direction), "cufftExecZ2Z");
  } else {
    auto* const c = static_cast<cufftComplex*>(data);
    check(cufftExecC2C(plan_, c, c, direction), "cufftExecC2C");
  }
}

}  // namespace lunops::cuda
