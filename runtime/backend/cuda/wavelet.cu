// SPDX-License-Identifier: MIT
#include "runtime/backend/wavelet.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/planned.hpp"

namespace lunops {

namespace cuda {

namespace {

constexpr int kMostTaps = 20;  // db10

// One axis of one level: lines of `valid` samples on the fine side, pairs of an approximation and
// of details on the coarse side, the details `half` strides behind.
//
// Operands are the line on the fine side, the number of the pair, the pair on the coarse side, its
// approximation where that goes on to the next level, and how many of the other axes are at
// details.
template <class T>
struct Pass {
  using Real = real_t<T>;
  Real low[kMostTaps], high[kMostTaps];
  int taps;
  int64_t full, half, valid, fine_step, coarse_step;
  T *fine, *coarse;
  T* next;        // approximations of the next level, apart from the bands; null: among them
  bool is_bands;  // the coarse side is the result of a forward transform
  bool is_image;  // the fine side is that of an adjoint one
  Scaling<T> scale;

  template <class A>
  __device__ T* approximation(const A& at) const {
    return next != nullptr && at[4] == 0 ? next + at[3] : coarse + at[2];
  }
  __device__ void put(T* y, const T& value, bool is_result) const {
    if (is_result) {
      scale.store(*y, value);
    } else {
      *y = value;
    }
  }
};

// a[n] = sum_k h[k] v[(2n+k) mod P], d[n] = sum_k g[k] v[(2n+k) mod P]; beyond `valid`, v is 0.
template <class T>
struct Analyse : Pass<T> {
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const T* const line = this->fine + at[0];
    T a(0), d(0);
    int64_t i = 2 * static_cast<int64_t>(at[1]);
    for (int k = 0; k < this->taps; ++k) {
      if (i < this->valid) {
        const T v = line[i * this->fine_step];
        a += this->low[k] * v;
        d += this->high[k] * v;
      }
      if (++i == this->full) i = 0;
    }
    T* const to = this->approximation(at);
    this->put(to, a, this->is_bands && to == this->coarse + at[2]);
    this->put(this->coarse + at[2] + this->half * this->coarse_step, d, this->is_bands);
  }
};

// v[2m+r] = sum_j h[2j+r] a[m-j] + g[2j+r] d[m-j], indices modulo P/2.
template <class T>
struct Synthesise : Pass<T> {
  int64_t next_step;  // from one approximation of the next level to the next on a line

  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    // From the first pair of the line.
    const int64_t m = at[1];
    const T* const details = this->coarse + at[2] + (this->half - m) * this->coarse_step;
    const bool goes_on = this->next != nullptr && at[4] == 0;
    const int64_t step = goes_on ? next_step : this->coarse_step;
    const T* const approximations = this->approximation(at) - m * step;
    T even(0), odd(0);
    int64_t n = m;
    for (int k = 0; k < this->taps; k += 2) {
      const T a = approximations[n * step], d = details[n * this->coarse_step];
      even += this->low[k] * a;
      even += this->high[k] * d;
      odd += this->low[k + 1] * a;
      odd += this->high[k + 1] * d;
      n = n == 0 ? this->half - 1 : n - 1;
    }
    T* const to = this->fine + at[0] + 2 * m * this->fine_step;
    this->put(to, even, this->is_image);
    if (2 * m + 1 < this->valid) this->put(to + this->fine_step, odd, this->is_image);
  }
};

// Axis by axis, level by level; of a level the last axis leaves its details among the bands, and
// the first one finds the image, or the approximation of the level before.
class Wavelet final : public WaveletKernel {
 public:
  explicit Wavelet(const WaveletSpec& spec) : spec_(spec) {
    for (size_t d = 0; d < spec.extents.size(); ++d) {
      Dim dim{spec.extents[d], spec.extents[d], spec.image_strides[d], spec.band_strides[d], -1};
      const auto axis = std::find(spec.axes.begin(), spec.axes.end(), static_cast<int>(d));
      if (axis != spec.axes.end()) {
        dim.padded = spec.padded[static_cast<size_t>(axis - spec.axes.begin())];
      }
      dim.is_axis = axis != spec.axes.end();
      count_ *= dim.padded;
      dims_.push_back(dim);
    }
    // As the image lies in memory, so that buffers are read and written in that order.
    std::stable_sort(dims_.begin(), dims_.end(), [](const Dim& a, const Dim& b) {
      return std::abs(a.image_stride) > std::abs(b.image_stride);
    });
    for (size_t d = 0; d < dims_.size(); ++d) {
      if (dims_[d].is_axis) dims_[d].number = axes_++;
    }
    const size_t room = bytes_of(count_);
    buffer_bytes_ = axes_ > 1 ? room : 0;
    second_bytes_ = axes_ > 2 ? room : 0;
    approximation_bytes_[0] = spec.levels > 1 ? bytes_of(count_ >> axes_) : 0;
    approximation_bytes_[1] = spec.levels > 2 ? bytes_of(count_ >> 2 * axes_) : 0;
  }

  size_t workspace() const noexcept override {
    return buffer_bytes_ + second_bytes_ + approximation_bytes_[0] + approximation_bytes_[1];
  }
  double flops() const noexcept override {
    const double reals = is_complex(spec_.dtype) ? 2 : 1;
    double sum = 0, elements = static_cast<double>(count_);
    for (int l = 0; l < spec_.levels; ++l, elements /= static_cast<double>(int64_t{1} << axes_)) {
      sum += 2.0 * elements * static_cast<double>(spec_.filter.size()) * axes_;
    }
    return sum * reals;
  }
  double bytes() const noexcept override {
    double sum = 0, elements = static_cast<double>(count_);
    for (int l = 0; l < spec_.levels; ++l, elements /= static_cast<double>(int64_t{1} << axes_)) {
      sum += 2.0 * elements * axes_;
    }
    return sum * static_cast<double>(size_of(spec_.dtype));
  }

  void run(const void* x, void* y, Scale s, std::byte* workspace, Stream& stream) const override {
    if (count_ == 0) return;
    dispatch_floating(spec_.dtype, [&]<class H>() {
      using T = device_t<H>;
      for (int step = 0; step < spec_.levels * axes_; ++step) {
        const int number = spec_.is_adjoint ? spec_.levels * axes_ - 1 - step : step;
        pass<T>(number / axes_, number % axes_, x, y, s, workspace, stream);
      }
    });
  }

 private:
  struct Dim {
    int64_t image, padded;
    int64_t image_stride, band_stride;
    int number;  // among the axes
    bool is_axis = false;
  };
  size_t bytes_of(int64_t elements) const {
    return (static_cast<size_t>(elements) * size_of(spec_.dtype) + 255) / 256 * 256;
  }

  // Strides of both sides of a pass and of the next level's approximation.
  struct Sides {
    std::array<int64_t, kMaxDims> fine, coarse, next;
  };

  static int64_t full_at(const Dim& dim, int level) { return dim.padded >> level; }
  static int64_t valid_at(const Dim& dim, int level) {
    return level == 0 ? dim.image : full_at(dim, level);
  }

  // Axes before this one are full on both sides, those behind it as the image is.
  Sides sides_of(int level, int axis) const {
    Sides sides{};
    int64_t fine = 1, coarse = 1, next = 1;
    for (size_t d = dims_.size(); d-- > 0;) {
      const Dim& dim = dims_[d];
      const bool is_image = level == 0 && axis == 0;
      const bool is_bands = axis == axes_ - 1;
      sides.fine[d] = is_image ? dim.image_stride : fine;
      sides.coarse[d] = is_bands ? dim.band_stride : coarse;
      sides.next[d] = next;
      const int64_t full = dim.is_axis ? full_at(dim, level) : dim.image;
      const int64_t valid = dim.is_axis ? valid_at(dim, level) : dim.image;
      fine *= dim.is_axis && dim.number < axis ? full : valid;
      coarse *= dim.is_axis && dim.number <= axis ? full : valid;
      next *= dim.is_axis ? full / 2 : full;
    }
    return sides;
  }

  template <class T>
  void pass(int level,
            int axis,
            const void* x,
            void* y,
            const Scale& s,
            std::byte* workspace,
            Stream& stream) const {
    const bool is_first = axis == 0, is_last = axis == axes_ - 1;
    const auto buffer = [&](int number) {
      return reinterpret_cast<T*>(workspace + (number % 2 == 0 ? 0 : buffer_bytes_));
    };
    // Of the level with this number, for the one behind it.
    const auto approximation = [&](int number) {
      return reinterpret_cast<T*>(workspace + buffer_bytes_ + second_bytes_ +
                                  (number % 2 == 0 ? 0 : approximation_bytes_[0]));
    };
    T* const image = static_cast<T*>(spec_.is_adjoint ? y : const_cast<void*>(x));
    T* const bands = static_cast<T*>(spec_.is_adjoint ? const_cast<void*>(x) : y);
    Pass<T> f{};
    f.taps = static_cast<int>(spec_.filter.size());
    for (int k = 0; k < f.taps; ++k) {
      using Real = real_t<T>;
      const double mirrored = spec_.filter[static_cast<size_t>(f.taps - 1 - k)];
      f.low[k] = static_cast<Real>(spec_.filter[static_cast<size_t>(k)]);
      f.high[k] = static_cast<Real>(k % 2 == 0 ? mirrored : -mirrored);
    }
    // Buffer i lies between the axes i and i + 1.
    f.fine = !is_first ? buffer(axis - 1) : level == 0 ? image : approximation(level - 1);
    f.coarse = is_last ? bands : buffer(axis);
    f.next = is_last && level + 1 < spec_.levels ? approximation(level) : nullptr;
    f.is_bands = is_last && !spec_.is_adjoint;
    f.is_image = is_first && level == 0 && spec_.is_adjoint;
    f.scale = scaling<T>(s);

    const Sides sides = sides_of(level, axis);
    Dims<5> dims;
    int64_t next_step = 0;
    for (size_t d = 0; d < dims_.size(); ++d) {
      const Dim& dim = dims_[d];
      const int64_t fine = sides.fine[d], coarse = sides.coarse[d], next = sides.next[d];
      if (!dim.is_axis) {
        dims.add(dim.image, {fine, 0, coarse, next, 0});
        continue;
      }
      const int64_t full = full_at(dim, level), valid = valid_at(dim, level), half = full / 2;
      if (dim.number == axis) {
        f.full = full;
        f.half = half;
        f.valid = valid;
        f.fine_step = fine;
        f.coarse_step = coarse;
        next_step = next;
        dims.add(spec_.is_adjoint ? (valid + 1) / 2 : half, {0, 1, coarse, next, 0});
      } else if (f.next != nullptr) {
        dims.add(2, {half * fine, 0, half * coarse, 0, 1});
        dims.add(half, {fine, 0, coarse, next, 0});
      } else {
        dims.add(dim.number < axis ? full : valid, {fine, 0, coarse, 0, 0});
      }
    }
    if (spec_.is_adjoint) {
      for_each(dims, stream, Synthesise<T>{f, next_step});
    } else {
      for_each(dims, stream, Analyse<T>{f});
    }
  }

  WaveletSpec spec_;
  std::vector<Dim> dims_;
  int axes_ = 0;
  int64_t count_ = 1;  // coefficients
  size_t buffer_bytes_ = 0, second_bytes_ = 0;
  size_t approximation_bytes_[2] = {0, 0};
};

}  // namespace

std::shared_ptr<const WaveletKernel> make_wavelet(const WaveletSpec& spec, Stream&) {
  return std::make_shared<Wavelet>(spec);
}

}  // namespace cuda

}  // namespace lunops
