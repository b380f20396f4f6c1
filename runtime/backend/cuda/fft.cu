// SPDX-License-Identifier: MIT
#include <algorithm>
#include <mutex>
#include <vector>

#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/fft_passes.hpp"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/line_plan.hpp"
#include "runtime/backend/cuda/planned.hpp"

namespace lunops {

namespace cuda {

namespace {

// The transformed dims of an array that holds a window of each.
struct Axes {
  int count = 0;
  int64_t extent[kMostAxes] = {}, origin[kMostAxes] = {};  // of the transform
  int64_t first[kMostAxes] = {}, held[kMostAxes] = {};     // window
  int64_t stride[kMostAxes] = {};                          // of the array
  int64_t pitch[kMostAxes] = {};  // of the work array, where the axes come last
};

// work[…, (n - o) mod N] = x[…, n], 0 where x holds nothing: the phases of a centred transform are
// those of one that starts at its centre.  Operands: other dims of x, number within the axes.
template <class T>
struct Load {
  Axes axes;
  const T* x;
  T* work;
  template <class A, class I>
  __device__ void operator()(const A& at, I number) const {
    int64_t rest = at[1], from = at[0];
    bool is_held = true;
    for (int d = axes.count - 1; d >= 0; --d) {
      int64_t n = rest % axes.extent[d] + axes.origin[d];
      rest /= axes.extent[d];
      if (n >= axes.extent[d]) n -= axes.extent[d];
      n -= axes.first[d];
      is_held = is_held && n >= 0 && n < axes.held[d];
      from += n * axes.stride[d];
    }
    work[number] = is_held ? x[from] : T(0);
  }
};

// y[…, k] = scale of work[…, (k - o) mod N] for k in the window.
template <class T>
struct Store {
  Axes axes;
  const T* work;
  int64_t within;  // elements of the work array within the axes
  int64_t wanted;  // and of y
  T* y;
  Scaling<T> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I number) const {
    int64_t rest = at[1], to = at[0];
    int64_t from = static_cast<int64_t>(number) / wanted * within;
    for (int d = axes.count - 1; d >= 0; --d) {
      const int64_t k = rest % axes.held[d];
      rest /= axes.held[d];
      to += k * axes.stride[d];
      int64_t m = k + axes.first[d] - axes.origin[d];
      if (m < 0) m += axes.extent[d];
      from += m * axes.pitch[d];
    }
    scale.store(y[to], work[from]);
  }
};

// cuFFT on a work array {other dims, axes}, in place.
class Fft final : public FftKernel {
 public:
  Fft(const FftSpec& spec, Stream& stream) : spec_(spec) {
    const FftPasses all(spec);
    spec_.axes = all.axes;
    within_ = all.within;
    others_ = all.others;
    work_bytes_ = all.work_bytes;
    for (const FftPasses::Pass& pass : all.passes) {
      passes_.push_back({LinePlan(pass.lines, stream), pass.repeats, pass.step});
      plan_bytes_ = std::max(plan_bytes_, passes_.back().plan.work_bytes());
      // Each dim of a plan is a pass over memory.
      moved_ += 2.0 * static_cast<double>(pass.lines.n.size());
    }
  }
  size_t workspace() const noexcept override { return work_bytes_ + plan_bytes_; }
  double flops() const noexcept override { return fft_flops(spec_); }
  double bytes() const noexcept override {
    return (4.0 + moved_) * static_cast<double>(work_bytes_);
  }

  void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const override {
    if (within_ * others_ == 0) return;
    s.alpha *= spec_.scale;
    if (spec_.dtype == DType::c64) {
      run_as<Complex<float>>(x, y, s, workspace, stream);
    } else {
      run_as<Complex<double>>(x, y, s, workspace, stream);
    }
  }

 private:
  // One plan, run for `repeats` stretches of `step` elements.
  struct Pass {
    LinePlan plan;
    int64_t repeats, step;
  };

  bool is_axis(int d) const {
    return std::find(spec_.axes.begin(), spec_.axes.end(), d) != spec_.axes.end();
  }

  // The axes as an array sees them, and its other dims with the number within `axes`.
  Axes axes_of(const std::vector<int64_t>& strides, bool is_input, Dims<2>& dims) const {
    Axes axes;
    int64_t within = 1;
    for (int d = 0; d < static_cast<int>(spec_.extents.size()); ++d) {
      const auto at = static_cast<size_t>(d);
      const FftWindow window = is_input ? spec_.x_at(d) : spec_.y_at(d);
      if (!is_axis(d)) {
        dims.add(spec_.extents[at], {strides[at], 0});
        continue;
      }
      const int k = axes.count++;
      axes.extent[k] = spec_.extents[at];
      axes.origin[k] = spec_.centred ? spec_.extents[at] / 2 : 0;
      axes.first[k] = window.first;
      axes.held[k] = window.count;
      axes.stride[k] = strides[at];
      within *= is_input ? spec_.extents[at] : window.count;
    }
    int64_t pitch = 1;
    for (int k = axes.count - 1; k >= 0; --k) {
      axes.pitch[k] = pitch;
      pitch *= axes.extent[k];
    }
    dims.add(within, {0, 1});
    return axes;
  }

  template <class T>
  void run_as(const void* x, void* y, const Scale& s, std::byte* workspace, Stream& stream) const {
    T* const work = reinterpret_cast<T*>(workspace);
    Dims<2> from, to;
    const Axes in = axes_of(spec_.x_strides, true, from);
    const Axes out = axes_of(spec_.y_strides, false, to);
    for_each(from, stream, Load<T>{in, static_cast<const T*>(x), work});
    {
      // A plan keeps its stream and its workspace.
      const std::lock_guard lock(mutex_);
      const cudaStream_t native = enter(stream);
      for (const Pass& pass : passes_) {
        pass.plan.prepare(workspace + work_bytes_, native);
        for (int64_t i = 0; i < pass.repeats; ++i) {
          pass.plan.execute(work + i * pass.step, spec_.sign);
        }
      }
    }
    int64_t wanted = 1;
    for (int k = 0; k < out.count; ++k) wanted *= out.held[k];
    for_each(to, stream, Store<T>{out, work, within_, wanted, static_cast<T*>(y), scaling<T>(s)});
  }

  FftSpec spec_;
  int64_t within_ = 1, others_ = 1;
  std::vector<Pass> passes_;
  size_t work_bytes_ = 0, plan_bytes_ = 0;
  double moved_ = 0;  // times that passes read or write the work array
  mutable std::mutex mutex_;
};

}  // namespace

std::shared_ptr<const FftKernel> make_fft(const FftSpec& spec, Stream& stream) {
  return std::make_shared<Fft>(spec, stream);
}

}  // namespace cuda

}  // namespace lunops
