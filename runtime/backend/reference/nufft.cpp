// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/backend/reference/nufft_sum.hpp"
#include "runtime/backend/reference/planned.hpp"
#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/nearest.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::reference {

NufftSum::NufftSum(std::vector<int64_t> image, const double* coordinates)
    : image_(std::move(image)), coordinates_(coordinates) {
  for (const int64_t n : image_) {
    pixels_ *= n;
    phases_ += n;
  }
}

void NufftSum::phases_of(int64_t point, int sign, c128* phase) const {
  double scale = 1.0 / std::sqrt(static_cast<double>(pixels_));
  const auto dims = static_cast<int64_t>(image_.size());
  for (int64_t d = 0; d < dims; ++d) {
    const int64_t n = image_[static_cast<size_t>(d)];
    const long double k = coordinates_[point * dims + d];
    for (int64_t i = 0; i < n; ++i) {
      const auto m = static_cast<long double>(i - n / 2);
      // A plain double product is wrong by 1e-13 at k = 128; the remainder here is exact.
      const long double turns = std::remainder(k * m, static_cast<long double>(n)) / n;
      const auto angle = static_cast<double>(sign * 2 * std::numbers::pi_v<long double> * turns);
      *phase++ = std::polar(scale, angle);
    }
    scale = 1.0;
  }
}

c128 NufftSum::gather(const c128* image, const c128* phase) const {
  const int64_t last = image_.back();
  const c128* x_phase = phase + phases_ - last;
  c128 sum = 0;
  for (int64_t row = 0; row < pixels_ / last; ++row) {
    c128 line = 0;
    for (int64_t i = 0; i < last; ++i) line += image[row * last + i] * x_phase[i];
    int64_t rest = row;
    const c128* end = x_phase;
    for (size_t d = image_.size() - 1; d-- > 0;) {
      end -= image_[d];
      line *= end[rest % image_[d]];
      rest /= image_[d];
    }
    sum += line;
  }
  return sum;
}

void NufftSum::scatter(c128 value, const c128* phase, c128* image) const {
  const int64_t last = image_.back();
  const c128* x_phase = phase + phases_ - last;
  for (int64_t row = 0; row < pixels_ / last; ++row) {
    c128 line = value;
    int64_t rest = row;
    const c128* end = x_phase;
    for (size_t d = image_.size() - 1; d-- > 0;) {
      end -= image_[d];
      line *= end[rest % image_[d]];
      rest /= image_[d];
    }
    for (int64_t i = 0; i < last; ++i) image[row * last + i] += line * x_phase[i];
  }
}

namespace {

// Offset of {first, second, rest} where `rest` is a row-major number over the dims from `from` on.
int64_t offset(const RawView& view, int from, int64_t rest) {
  int64_t sum = 0;
  for (int d = view.ndim - 1; d >= from; --d) {
    const auto i = static_cast<size_t>(d);
    sum += rest % view.extent[i] * view.stride[i];
    rest /= view.extent[i];
  }
  return sum;
}

c128 element(const RawView& view, int64_t at) {
  return view.dtype == DType::c64 ? c128(static_cast<const c64*>(view.data)[at])
                                  : static_cast<const c128*>(view.data)[at];
}

}  // namespace

c128 load(const RawView& view, int64_t f, int64_t b, int64_t pixel) {
  return element(view, f * view.stride[0] + b * view.stride[1] + offset(view, 2, pixel));
}

void store(RawView& view, int64_t f, int64_t b, int64_t pixel, c128 value, Scale s) {
  const int64_t at = f * view.stride[0] + b * view.stride[1] + offset(view, 2, pixel);
  c128 result = s.alpha * value;
  if (s.beta != 0.0) result += s.beta * element(view, at);
  if (view.dtype == DType::c64) {
    static_cast<c64*>(view.data)[at] = c64(result);
  } else {
    static_cast<c128*>(view.data)[at] = result;
  }
}

c128 map_at(const NufftMaps& maps, int64_t b, int64_t pixel) {
  if (maps.maps.data == nullptr) return 1.0;
  return element(maps.maps, b * maps.maps.stride[0] + offset(maps.maps, 1, pixel));
}

namespace {

class Points final : public NufftPoints {
 public:
  Points(const NufftSpec& spec)
      : spec_(spec),
        coordinates_(
            spec.coordinates,
            spec.coordinates + spec.frames * spec.points * static_cast<int64_t>(spec.image.size())),
        sum_(spec.image, coordinates_.data()),
        parameters_(nufft::choose(spec)) {
    spec_.coordinates = nullptr;
    for (int64_t f = 0; f < spec.frames; ++f)
      counts_.push_back(spec.counts == nullptr ? spec.points : spec.counts[f]);
    spec_.counts = counts_.data();
    const size_t d = spec.image.size();
    for (size_t i = 0; i < coordinates_.size(); ++i) {
      if (std::isfinite(coordinates_[i]) || !exists(static_cast<int64_t>(i / d))) continue;
      fail(Code::argument, "NUFFT", "coordinate at frame={}, point={}, d={} is {}",
           i / d / static_cast<size_t>(spec.points), i / d % static_cast<size_t>(spec.points),
           i % d, coordinates_[i]);
    }
    if (spec.is_nearest) {
      const std::vector<double> moved = nufft::nearest_points(spec, parameters_);
      std::copy(moved.begin(), moved.end(), coordinates_.begin());
    }
    parameters_.bytes = coordinates_.size() * sizeof(double);
  }

  const NufftParameters& parameters() const noexcept override { return parameters_; }
  size_t workspace(int64_t batch) const noexcept override {
    return static_cast<size_t>(sum_.phases() + batch * sum_.pixels()) * sizeof(c128);
  }
  NufftCost cost(int64_t batch, bool) const noexcept override {
    NufftCost made;
    made.flops = 8.0 * static_cast<double>(spec_.frames * spec_.points * batch * sum_.pixels());
    made.bytes = static_cast<double>(size_of(spec_.dtype)) *
                 static_cast<double>(spec_.frames * batch * (spec_.points + sum_.pixels()));
    // One multiply-add of complex numbers in a plain loop: about 1 ns.
    made.seconds = made.flops / 8e9;
    return made;
  }

  void forward(RawView image,
               const NufftMaps& maps,
               bool conjugate,
               Scale s,
               RawView samples,
               std::byte* workspace,
               Stream&) const override {
    auto* phase = reinterpret_cast<c128*>(workspace);
    c128* pixels = phase + sum_.phases();
    const int64_t batch = samples.extent[1];
    const int64_t count = sum_.pixels();
    for (int64_t f = 0; f < spec_.frames; ++f) {
      for (int64_t b = 0; b < batch; ++b) {
        for (int64_t i = 0; i < count; ++i)
          pixels[b * count + i] = map_at(maps, b, i) * load(image, f, maps.sum_batch ? 0 : b, i);
      }
      for (int64_t j = 0; j < spec_.points; ++j) {
        if (!exists(f * spec_.points + j)) {
          for (int64_t b = 0; b < batch; ++b) store(samples, f, b, j, 0.0, s);
          continue;
        }
        sum_.phases_of(f * spec_.points + j, conjugate ? 1 : -1, phase);
        for (int64_t b = 0; b < batch; ++b)
          store(samples, f, b, j, sum_.gather(pixels + b * count, phase), s);
      }
    }
  }

  void adjoint(RawView samples,
               const NufftMaps& maps,
               bool conjugate,
               Scale s,
               RawView image,
               std::byte* workspace,
               Stream&) const override {
    auto* phase = reinterpret_cast<c128*>(workspace);
    c128* pixels = phase + sum_.phases();
    const int64_t batch = samples.extent[1];
    const int64_t count = sum_.pixels();
    for (int64_t f = 0; f < spec_.frames; ++f) {
      std::fill(pixels, pixels + batch * count, c128(0));
      for (int64_t j = 0; j < counts_[static_cast<size_t>(f)]; ++j) {
        sum_.phases_of(f * spec_.points + j, conjugate ? -1 : 1, phase);
        for (int64_t b = 0; b < batch; ++b)
          sum_.scatter(load(samples, f, b, j), phase, pixels + b * count);
      }
      for (int64_t i = 0; i < count; ++i) {
        c128 sum = 0;
        for (int64_t b = 0; b < batch; ++b) {
          const c128 value = std::conj(map_at(maps, b, i)) * pixels[b * count + i];
          if (maps.sum_batch) {
            sum += value;
          } else {
            store(image, f, b, i, value, s);
          }
        }
        if (maps.sum_batch) store(image, f, 0, i, sum, s);
      }
    }
  }

 private:
  bool exists(int64_t point) const noexcept {
    return point % spec_.points < counts_[static_cast<size_t>(point / spec_.points)];
  }

  NufftSpec spec_;
  std::vector<int64_t> counts_;
  std::vector<double> coordinates_;
  NufftSum sum_;
  NufftParameters parameters_;
};

}  // namespace

std::shared_ptr<const NufftPoints> make_nufft(const NufftSpec& spec, Stream&) {
  return std::make_shared<Points>(spec);
}

Backend::NufftEstimate estimate_nufft(const NufftSpec& spec, int64_t batch, bool complex_weights) {
  Backend::NufftEstimate e;
  e.parameters = nufft::choose(spec, batch);
  double pixels = 1;
  for (const int64_t n : spec.image) pixels *= static_cast<double>(n);
  e.gridding_seconds =
      2e-9 * pixels * static_cast<double>(spec.frames * spec.points) * static_cast<double>(batch);
  // The normal is the same two sums here, whatever it is called.
  e.toeplitz_seconds = e.gridding_seconds;
  e.embedded = false;
  e.kernel_bytes = static_cast<size_t>(spec.frames * spec.points) *
                   (complex_weights ? sizeof(c128) : sizeof(double));
  return e;
}

}  // namespace lunops::reference
