// SPDX-License-Identifier: MIT
#include "runtime/backend/wavelet.hpp"

#include <algorithm>

#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/planned.hpp"

namespace lunops::reference {

namespace {

// The definition of WaveletSpec as it stands, one line after the other, in double.
class Wavelet final : public WaveletKernel {
 public:
  explicit Wavelet(const WaveletSpec& spec) : spec_(spec), padded_(spec.extents) {
    for (size_t a = 0; a < spec.axes.size(); ++a) padded_[axis(a)] = spec.padded[a];
    for (const int64_t n : padded_) count_ *= n;
  }

  size_t workspace() const noexcept override {
    int64_t longest = 0;
    for (const int64_t n : spec_.padded) longest = std::max(longest, n);
    return static_cast<size_t>(count_ + longest) * sizeof(c128);
  }
  double flops() const noexcept override {
    return 16.0 * static_cast<double>(count_) * static_cast<double>(spec_.filter.size()) *
           static_cast<double>(spec_.axes.size());
  }
  double bytes() const noexcept override {
    return 2.0 * static_cast<double>(count_) * static_cast<double>(size_of(spec_.dtype));
  }

  void run(const void* x, void* y, Scale s, std::byte* workspace, Stream&) const override {
    if (count_ == 0) return;
    auto* v = reinterpret_cast<c128*>(workspace);
    auto* line = v + count_;
    const RawView image = view(spec_.extents, spec_.image_strides, spec_.is_adjoint ? y : x);
    const RawView bands = view(padded_, spec_.band_strides, spec_.is_adjoint ? x : y);
    const RawView own = contiguous(v);
    std::fill_n(v, count_, 0.0);
    const RawView& from = spec_.is_adjoint ? bands : image;
    for_each_index(from,
                   [&](const Index& i) { v[offset(own, i)] = read(from, offset(from, i)).z; });
    for (int step = 0; step < spec_.levels; ++step) {
      const int level = spec_.is_adjoint ? spec_.levels - 1 - step : step;
      for (size_t a = 0; a < spec_.axes.size(); ++a) filter_lines(own, a, level, v, line);
    }
    const RawView& to = spec_.is_adjoint ? image : bands;
    for_each_index(to, [&](const Index& i) { store(to, offset(to, i), v[offset(own, i)], s); });
  }

 private:
  size_t axis(size_t a) const { return static_cast<size_t>(spec_.axes[a]); }

  RawView view(const std::vector<int64_t>& extents,
               const std::vector<int64_t>& strides,
               const void* data) const {
    RawView v;
    v.data = const_cast<void*>(data);
    v.dtype = spec_.dtype;
    v.ndim = static_cast<int>(extents.size());
    std::copy(extents.begin(), extents.end(), v.extent.begin());
    std::copy(strides.begin(), strides.end(), v.stride.begin());
    return v;
  }

  RawView contiguous(const c128* data) const {
    std::vector<int64_t> strides(padded_.size(), 1);
    for (size_t d = padded_.size(); d-- > 1;) strides[d - 1] = strides[d] * padded_[d];
    RawView v = view(padded_, strides, data);
    v.dtype = DType::c128;
    return v;
  }

  // All lines along one axis of the corner of this level.
  void filter_lines(const RawView& own, size_t a, int level, c128* v, c128* line) const {
    RawView corner = own;
    for (const int d : spec_.axes) corner.extent[static_cast<size_t>(d)] >>= level;
    const int64_t n = corner.extent[axis(a)], stride = own.stride[axis(a)];
    corner.extent[axis(a)] = 1;
    const auto& h = spec_.filter;
    const auto length = static_cast<int64_t>(h.size());
    for_each_index(corner, [&](const Index& index) {
      c128* start = v + offset(own, index);
      std::fill_n(line, n, 0.0);
      for (int64_t i = 0; i < n / 2; ++i) {
        for (int64_t k = 0; k < length; ++k) {
          const double low = h[static_cast<size_t>(k)];
          const double high = (k % 2 == 0 ? 1 : -1) * h[static_cast<size_t>(length - 1 - k)];
          const int64_t at = (2 * i + k) % n;
          if (spec_.is_adjoint) {
            line[at] += low * start[i * stride] + high * start[(i + n / 2) * stride];
          } else {
            line[i] += low * start[at * stride];
            line[i + n / 2] += high * start[at * stride];
          }
        }
      }
      for (int64_t i = 0; i < n; ++i) start[i * stride] = line[i];
    });
  }

  WaveletSpec spec_;
  std::vector<int64_t> padded_;  // extents of the coefficients
  int64_t count_ = 1;
};

}  // namespace

std::shared_ptr<const WaveletKernel> make_wavelet(const WaveletSpec& spec, Stream&) {
  return std::make_shared<Wavelet>(spec);
}

}  // namespace lunops::reference
