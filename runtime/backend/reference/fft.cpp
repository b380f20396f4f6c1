// SPDX-License-Identifier: MIT
#include <cmath>
#include <complex>
#include <numbers>

#include "runtime/backend/reference/planned.hpp"

namespace lunops::reference {

namespace {

// The sum of FftSpec as it stands, one axis after the other, in double.
class Fft final : public FftKernel {
 public:
  explicit Fft(const FftSpec& spec) : spec_(spec) {
    for (const int64_t n : spec.extents) count_ *= n;
  }

  size_t workspace() const noexcept override {
    return static_cast<size_t>(2 * count_) * sizeof(c128);
  }
  double flops() const noexcept override {
    double sum = 0;
    for (const int a : spec_.axes) sum += 8.0 * static_cast<double>(count_ * extent(a));
    return sum;
  }
  double bytes() const noexcept override {
    return 2.0 * static_cast<double>(count_) * static_cast<double>(size_of(spec_.dtype));
  }

  void run(const void* x, void* y, Scale s, std::byte* workspace, Stream&) const override {
    if (count_ == 0) return;
    auto* a = reinterpret_cast<c128*>(workspace);
    auto* b = a + count_;
    dispatch(spec_.dtype, [&]<class T>() {
      if constexpr (is_complex(dtype_v<T>)) {
        for (int64_t i = 0; i < count_; ++i)
          a[i] = is_held(i, spec_.x_window)
                     ? c128(static_cast<const T*>(x)[offset(i, spec_.x_window, spec_.x_strides)])
                     : 0.0;
      }
    });
    for (const int axis : spec_.axes) {
      transform(axis, a, b);
      std::swap(a, b);
    }
    dispatch(spec_.dtype, [&]<class T>() {
      if constexpr (is_complex(dtype_v<T>)) {
        for (int64_t i = 0; i < count_; ++i) {
          if (!is_held(i, spec_.y_window)) continue;
          T& out = static_cast<T*>(y)[offset(i, spec_.y_window, spec_.y_strides)];
          c128 value = s.alpha * spec_.scale * a[i];
          if (s.beta != 0.0) value += s.beta * c128(out);
          out = T(value);
        }
      }
    });
  }

 private:
  int64_t extent(int axis) const { return spec_.extents[static_cast<size_t>(axis)]; }

  // Offset of element i (row-major number) in an array that holds `window`.
  int64_t offset(int64_t i,
                 const std::vector<FftWindow>& window,
                 const std::vector<int64_t>& strides) const {
    int64_t sum = 0;
    for (size_t d = spec_.extents.size(); d-- > 0;) {
      const int64_t first = window.empty() ? 0 : window[d].first;
      sum += (i % spec_.extents[d] - first) * strides[d];
      i /= spec_.extents[d];
    }
    return sum;
  }
  bool is_held(int64_t i, const std::vector<FftWindow>& window) const {
    for (size_t d = window.size(); d-- > 0;) {
      const int64_t k = i % spec_.extents[d] - window[d].first;
      if (k < 0 || k >= window[d].count) return false;
      i /= spec_.extents[d];
    }
    return true;
  }

  void transform(int axis, const c128* a, c128* b) const {
    const int64_t n = extent(axis);
    int64_t stride = 1;
    for (size_t d = static_cast<size_t>(axis) + 1; d < spec_.extents.size(); ++d)
      stride *= spec_.extents[d];
    const int64_t origin = spec_.centred ? n / 2 : 0;
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t k = i / stride % n;
      const c128* line = a + (i - k * stride);
      c128 sum = 0;
      for (int64_t j = 0; j < n; ++j) {
        // Reduced in integers, so that the phase is exact.
        const int64_t turns = ((k - origin) * (j - origin) % n + n) % n;
        const double angle =
            spec_.sign * 2 * std::numbers::pi * static_cast<double>(turns) / static_cast<double>(n);
        sum += line[j * stride] * std::polar(1.0, angle);
      }
      b[i] = sum;
    }
  }

  FftSpec spec_;
  int64_t count_ = 1;
};

}  // namespace

std::shared_ptr<const FftKernel> make_fft(const FftSpec& spec, Stream&) {
  return std::make_shared<Fft>(spec);
}

}  // namespace lunops::reference
