// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/line_plan.hpp"

#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"

namespace lunops::cuda {

namespace {

// Calls a function of cuFFT that takes the layout of a plan.
template <class F>
cufftResult with_layout(const F& call, cufftHandle plan, const Lines& lines, size_t* bytes) {
  std::vector<long long> extents(lines.n.begin(), lines.n.end()), embedded = extents;
  return call(plan, static_cast<int>(lines.n.size()), extents.data(), embedded.data(), lines.stride,
              lines.distance, embedded.data(), lines.stride, lines.distance,
              lines.is_double ? CUFFT_Z2Z : CUFFT_C2C, lines.batch, bytes);
}

// True for success, false where memory is short: that may also show as an internal error; whether
// it was that, a second try tells.
bool is_done(cufftResult status, std::string_view call, bool is_last) {
  if (status == CUFFT_SUCCESS) return true;
  cudaGetLastError();  // of calls within, which later calls would return
  if (status == CUFFT_ALLOC_FAILED || (status == CUFFT_INTERNAL_ERROR && !is_last)) return false;
  check(status, call);
  return false;
}

bool ask_work_bytes(const Lines& lines, size_t& bytes, bool is_last) {
  cufftHandle plan = 0;
  if (!is_done(cufftCreate(&plan), "cufftCreate", is_last)) return false;
  const cufftResult status = with_layout(cufftGetSizeMany64, plan, lines, &bytes);
  cufftDestroy(plan);
  return is_done(status, "cufftGetSizeMany64", is_last);
}

}  // namespace

bool Lines::is_trivial() const noexcept {
  int64_t each = 1;
  for (const int64_t extent : n) each *= extent;
  return each <= 1 || batch == 0;
}

size_t work_bytes_of(const Lines& lines, const Stream& stream) {
  if (lines.is_trivial()) return 0;
  struct Known {
    std::mutex mutex;
    std::map<std::pair<int, Lines>, size_t> bytes;
  };
  static Known* const known = new Known;
  const std::pair<int, Lines> key(stream.device().index, lines);
  {
    const std::lock_guard lock(known->mutex);
    const auto it = known->bytes.find(key);
    if (it != known->bytes.end()) return it->second;
  }
  enter(stream);
  size_t bytes = 0;
  int tries = 0;
  with_room("a plan of cuFFT does", stream,
            [&] { return ask_work_bytes(lines, bytes, ++tries == 2); });
  const std::lock_guard lock(known->mutex);
  known->bytes.emplace(key, bytes);
  return bytes;
}

LinePlan::LinePlan(const Lines& lines, const Stream& stream)
    : device_(stream.device().index), is_double_(lines.is_double) {
  if (lines.is_trivial()) return;
  enter(stream);
  int tries = 0;
  with_room("a plan of cuFFT does", stream, [&] { return make(lines, ++tries == 2); });
}

bool LinePlan::make(const Lines& lines, bool is_last) {
  cufftHandle plan = 0;
  if (!is_done(cufftCreate(&plan), "cufftCreate", is_last)) return false;
  std::string_view call = "cufftSetAutoAllocation";
  cufftResult status = cufftSetAutoAllocation(plan, 0);
  if (status == CUFFT_SUCCESS) {
    call = "cufftMakePlanMany64";
    status = with_layout(cufftMakePlanMany64, plan, lines, &work_bytes_);
  }
  if (status != CUFFT_SUCCESS) cufftDestroy(plan);
  if (!is_done(status, call, is_last)) return false;
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
