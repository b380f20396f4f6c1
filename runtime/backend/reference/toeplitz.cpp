// SPDX-License-Identifier: MIT
#include <algorithm>

#include "runtime/backend/reference/nufft_sum.hpp"
#include "runtime/backend/reference/planned.hpp"
#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/nearest.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::reference {

namespace {

// The normal operator by its definition: F, weights, adjoint of F, point by point.
class Toeplitz final : public ToeplitzKernel {
 public:
  explicit Toeplitz(const ToeplitzSpec& spec)
      : spec_(spec),
        coordinates_(spec.nufft.coordinates,
                     spec.nufft.coordinates + spec.nufft.frames * spec.nufft.points *
                                                  static_cast<int64_t>(spec.nufft.image.size())),
        sum_(spec.nufft.image, coordinates_.data()),
        weights_(static_cast<size_t>(spec.kernels * spec.nufft.frames * spec.nufft.points), 1.0) {
    if (spec.fill) {
      const auto points = static_cast<size_t>(spec.points_per_kernel());
      std::vector<double> re(points), im(points);
      for (int64_t k = 0; k < spec.kernels; ++k) {
        spec.fill(k, re.data(), spec.has_complex_fill ? im.data() : nullptr);
        for (size_t j = 0; j < points; ++j) {
          weights_[static_cast<size_t>(k) * points + j] = {re[j], im[j]};
        }
      }
    } else {
      for (size_t i = 0; i < weights_.size(); ++i) {
        const double re = spec.weights_real == nullptr ? 1.0 : spec.weights_real[i];
        weights_[i] = {re, spec.weights_imag == nullptr ? 0.0 : spec.weights_imag[i]};
      }
    }
    is_real_ = spec.is_real();
    spec_.fill = nullptr;
    if (spec.nufft.is_nearest) {
      const std::vector<double> moved =
          nufft::nearest_points(spec.nufft, nufft::choose(spec.nufft));
      std::copy(moved.begin(), moved.end(), coordinates_.begin());
    }
    spec_.nufft.coordinates = nullptr;
    spec_.weights_real = nullptr;
    spec_.weights_imag = nullptr;
  }

  size_t bytes() const noexcept override { return weights_.size() * sizeof(c128); }
  bool is_real() const noexcept override { return is_real_; }
  bool is_embedded() const noexcept override { return false; }
  std::array<int64_t, 3> grid() const noexcept override {
    std::array<int64_t, 3> g = {1, 1, 1};
    std::copy(spec_.nufft.image.begin(), spec_.nufft.image.end(), g.begin());
    return g;
  }
  size_t workspace(int64_t) const noexcept override {
    return static_cast<size_t>(sum_.phases() + 3 * sum_.pixels()) * sizeof(c128);
  }
  NufftCost cost(int64_t batch) const noexcept override {
    NufftCost made;
    made.flops = 16.0 * static_cast<double>(spec_.nufft.frames * spec_.nufft.points * batch) *
                 static_cast<double>(sum_.pixels());
    made.bytes = 2.0 * static_cast<double>(size_of(spec_.nufft.dtype)) *
                 static_cast<double>(spec_.nufft.frames * batch * sum_.pixels());
    made.seconds = made.flops / 8e9;
    return made;
  }

  void run(RawView x,
           const NufftMaps& maps,
           bool conjugate,
           bool adjoint,
           Scale s,
           RawView y,
           std::byte* workspace,
           Stream&) const override {
    auto* phase = reinterpret_cast<c128*>(workspace);
    c128* in = phase + sum_.phases();
    c128* out = in + sum_.pixels();
    c128* total = out + sum_.pixels();
    const int64_t count = sum_.pixels();
    const int64_t batch = maps.sum_batch && maps.maps.data != nullptr ? maps.maps.extent[0]
                          : maps.sum_batch                            ? 1
                                                                      : x.extent[1];
    const int64_t frames = spec_.kernel_frames();
    const int64_t points = spec_.points_per_kernel();
    if (spec_.matrix > 0) {
      run_matrix(x, maps, conjugate, adjoint, s, y, phase, batch);
      return;
    }
    for (int64_t f = 0; f < frames; ++f) {
      std::fill(total, total + count, c128(0));
      for (int64_t b = 0; b < batch; ++b) {
        const int64_t image = maps.sum_batch ? 0 : b;
        for (int64_t i = 0; i < count; ++i) in[i] = map_at(maps, b, i) * load(x, f, image, i);
        std::fill(out, out + count, c128(0));
        const int64_t kernel = spec_.kernels > 1 ? b : 0;
        for (int64_t j = 0; j < points; ++j) {
          const int64_t point = f * points + j;
          c128 w = weights_[static_cast<size_t>(kernel * frames * points + point)];
          // conj(T) has the conjugate weights and the opposite exponents; the adjoint of T only the
          // conjugate weights.
          if (conjugate != adjoint) w = std::conj(w);
          sum_.phases_of(point, conjugate ? 1 : -1, phase);
          const c128 sample = w * sum_.gather(in, phase);
          for (int64_t i = 0; i < sum_.phases(); ++i) phase[i] = std::conj(phase[i]);
          sum_.scatter(sample, phase, out);
        }
        for (int64_t i = 0; i < count; ++i) {
          const c128 value = std::conj(map_at(maps, b, i)) * out[i];
          if (maps.sum_batch) {
            total[i] += value;
          } else {
            store(y, f, b, i, value, s);
          }
        }
      }
      if (maps.sum_batch) {
        for (int64_t i = 0; i < count; ++i) store(y, f, 0, i, total[i], s);
      }
    }
  }

 private:
  // y_a = sum_b T_ab x_b, each T_ab by its definition.
  void run_matrix(RawView x,
                  const NufftMaps& maps,
                  bool conjugate,
                  bool adjoint,
                  Scale s,
                  RawView y,
                  c128* phase,
                  int64_t batch) const {
    c128* in = phase + sum_.phases();
    c128* out = in + sum_.pixels();
    c128* total = out + sum_.pixels();
    const int64_t count = sum_.pixels(), points = spec_.points_per_kernel(), k = spec_.matrix;
    for (int64_t a = 0; a < k; ++a) {
      std::fill(total, total + count, c128(0));
      for (int64_t i = 0; i < batch; ++i) {
        std::fill(out, out + count, c128(0));
        for (int64_t b = 0; b < k; ++b) {
          const MatrixEntry e = matrix_entry(k, spec_.is_hermitian, conjugate, adjoint, a, b);
          const int64_t image = maps.sum_batch ? 0 : i;
          for (int64_t n = 0; n < count; ++n) in[n] = map_at(maps, i, n) * load(x, b, image, n);
          for (int64_t j = 0; j < points; ++j) {
            c128 w = weights_[static_cast<size_t>(e.kernel * points + j)];
            if (e.conjugate) w = std::conj(w);
            sum_.phases_of(j, conjugate ? 1 : -1, phase);
            const c128 sample = w * sum_.gather(in, phase);
            for (int64_t n = 0; n < sum_.phases(); ++n) phase[n] = std::conj(phase[n]);
            sum_.scatter(sample, phase, out);
          }
        }
        for (int64_t n = 0; n < count; ++n) {
          const c128 value = std::conj(map_at(maps, i, n)) * out[n];
          if (maps.sum_batch) {
            total[n] += value;
          } else {
            store(y, a, i, n, value, s);
          }
        }
      }
      if (maps.sum_batch) {
        for (int64_t n = 0; n < count; ++n) store(y, a, 0, n, total[n], s);
      }
    }
  }

  ToeplitzSpec spec_;
  std::vector<double> coordinates_;
  NufftSum sum_;
  std::vector<c128> weights_;
  bool is_real_ = true;
};

}  // namespace

std::shared_ptr<const ToeplitzKernel> make_toeplitz(const ToeplitzSpec& spec, Stream&) {
  return std::make_shared<Toeplitz>(spec);
}

}  // namespace lunops::reference
