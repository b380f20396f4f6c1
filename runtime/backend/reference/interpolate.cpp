// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/planned.hpp"

namespace lunops::reference {

namespace {

// The sum by its definition, point by point.
class Interpolate final : public InterpolateKernel {
 public:
  explicit Interpolate(const InterpolateSpec& spec)
      : spec_(spec),
        coordinates_(
            spec.coordinates,
            spec.coordinates + spec.frames * spec.points * static_cast<int64_t>(spec.grid.size())) {
    spec_.coordinates = nullptr;
    for (const int64_t n : spec_.grid) cells_ *= n;
  }

  size_t held_bytes() const noexcept override { return coordinates_.size() * sizeof(double); }
  size_t workspace(int64_t) const noexcept override {
    return static_cast<size_t>(cells_) * sizeof(c128);
  }
  double flops(int64_t batch) const noexcept override {
    double terms = 4.0 * static_cast<double>(spec_.frames * spec_.points * batch);
    for (size_t d = 0; d < spec_.grid.size(); ++d) terms *= spec_.width[d];
    return terms;
  }
  double bytes(int64_t batch) const noexcept override {
    return static_cast<double>(size_of(spec_.dtype)) *
           static_cast<double>(spec_.frames * batch * (spec_.points + cells_));
  }

  void forward(RawView grid, Scale s, RawView samples, std::byte*, Stream&) const override {
    each(samples, [&](int64_t f, int64_t b, int64_t j) {
      c128 sum = 0;
      const int64_t image = f * grid.stride[0] + b * grid.stride[1];
      each_term(f, j,
                [&](int64_t cell, double weight) { sum += weight * read(grid, image + cell).z; });
      store(samples, f * samples.stride[0] + b * samples.stride[1] + j, sum, s);
    });
  }

  void adjoint(
      RawView samples, Scale s, RawView grid, std::byte* workspace, Stream&) const override {
    auto* sum = reinterpret_cast<c128*>(workspace);
    for (int64_t f = 0; f < spec_.frames; ++f) {
      for (int64_t b = 0; b < samples.extent[1]; ++b) {
        std::fill_n(sum, cells_, c128(0));
        for (int64_t j = 0; j < spec_.points; ++j) {
          const c128 value = read(samples, f * samples.stride[0] + b * samples.stride[1] + j).z;
          each_term(f, j, [&](int64_t cell, double weight) { sum[cell] += weight * value; });
        }
        const int64_t image = f * grid.stride[0] + b * grid.stride[1];
        for (int64_t i = 0; i < cells_; ++i) store(grid, image + i, sum[i], s);
      }
    }
  }

 private:
  template <class F>
  void each(const RawView& samples, const F& f) const {
    for (int64_t frame = 0; frame < spec_.frames; ++frame) {
      for (int64_t b = 0; b < samples.extent[1]; ++b) {
        for (int64_t j = 0; j < spec_.points; ++j) f(frame, b, j);
      }
    }
  }

  // Calls f(number of the cell, product of the kernel values).
  template <class F>
  void each_term(int64_t frame, int64_t point, const F& f) const {
    const auto dims = static_cast<int64_t>(spec_.grid.size());
    Taps taps[3];
    for (int64_t d = 0; d < dims; ++d)
      taps[d] =
          taps_at(spec_, static_cast<int>(d),
                  coordinates_[static_cast<size_t>((frame * spec_.points + point) * dims + d)]);
    int64_t terms = 1;
    for (int64_t d = 0; d < dims; ++d) terms *= taps[d].count;
    for (int64_t term = 0; term < terms; ++term) {
      int64_t rest = term;
      int64_t cell = 0;
      int64_t stride = 1;
      double weight = 1;
      bool is_inside = true;
      for (int64_t d = dims; d-- > 0;) {
        const int64_t i = rest % taps[d].count;
        rest /= taps[d].count;
        const int64_t n = spec_.grid[static_cast<size_t>(d)];
        int64_t g = taps[d].first + i;
        if (spec_.is_circular) g = (g % n + n) % n;
        is_inside = is_inside && g >= 0 && g < n;
        cell += g * stride;
        stride *= n;
        weight *= taps[d].value[static_cast<size_t>(i)];
      }
      if (is_inside) f(cell, weight);
    }
  }

  InterpolateSpec spec_;
  std::vector<double> coordinates_;
  int64_t cells_ = 1;
};

}  // namespace

std::shared_ptr<const InterpolateKernel> make_interpolate(const InterpolateSpec& spec, Stream&) {
  return std::make_shared<Interpolate>(spec);
}

}  // namespace lunops::reference
