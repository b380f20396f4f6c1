// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/toeplitz_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numbers>

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/core/error.hpp"
#include "runtime/device/thread_pool.hpp"
#include "runtime/plan/nufft/cost.hpp"

namespace lunops::cpu {

namespace {

// Blocks c_s that are spread together: a vector of doubles holds four complex numbers.
constexpr int64_t kBlocksAtOnce = 4;

constexpr int64_t kChunkPoints = 8192;

std::unique_ptr<std::byte, decltype(&std::free)> aligned_bytes(size_t bytes) {
  void* memory = std::aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (memory == nullptr)
    fail(Code::host_memory, "NUFFT", "no memory for a Toeplitz kernel ({} bytes)", bytes);
  return {static_cast<std::byte*>(memory), &std::free};
}

// exp(2 pi i a b / n) with the product reduced modulo n exactly: a plain double product loses 1e-13
// at |k| = 128.
c128 turn(double a, double b, double n) {
  const double product = a * b;
  const double rest = std::fma(a, b, -product);
  const double near = product - n * std::nearbyint(product / n);
  return std::polar(1.0, 2 * std::numbers::pi * ((near + rest) / n));
}

}  // namespace

struct ToeplitzSpectra::State {
  ToeplitzSpec spec;
  std::array<int64_t, 3> grid;
  Stream& stream;
  int64_t dims;
  int64_t frames;  // with a kernel each
  int64_t points;  // of one such frame
  int64_t pixels = 1;
  int64_t cells = 1;
  NufftSpec fine;
  std::vector<std::shared_ptr<const NufftPoints>> nufft;  // {frames}
  std::shared_ptr<const FftKernel> fft;
  std::vector<c128> c, spectrum;

  State(const ToeplitzSpec& s, const std::array<int64_t, 3>& g, Stream& st)
      : spec(s), grid(g), stream(st), dims(static_cast<int64_t>(s.nufft.image.size())) {
    frames = s.sum_frames ? 1 : s.nufft.frames;
    points = s.nufft.points * (s.sum_frames ? s.nufft.frames : 1);
    FftSpec f;
    f.dtype = DType::c128;
    f.centred = false;
    for (int64_t d = 0; d < dims; ++d) {
      pixels *= s.nufft.image[static_cast<size_t>(d)];
      cells *= g[static_cast<size_t>(d)];
      f.extents.push_back(g[static_cast<size_t>(d)]);
      f.axes.push_back(static_cast<int>(d));
    }
    f.scale = 1.0 / static_cast<double>(cells);
    f.x_strides.assign(static_cast<size_t>(dims), 1);
    for (size_t d = static_cast<size_t>(dims) - 1; d-- > 0;)
      f.x_strides[d] = f.x_strides[d + 1] * f.extents[d + 1];
    f.y_strides = f.x_strides;
    fft = make_fft(f, st);
    fine = nufft::build_spec(s.nufft);
    fine.frames = 1;
    fine.points = points;
    for (int64_t i = 0; i < frames; ++i) {
      fine.coordinates = s.nufft.coordinates + i * points * dims;
      nufft.push_back(make_nufft(fine, st));
    }
    c.resize(static_cast<size_t>(cells));
    spectrum.resize(static_cast<size_t>(cells));
  }

  const double* coordinates(int64_t frame) const {
    return spec.nufft.coordinates + frame * points * dims;
  }

  // samples[s][j] = w_j exp(2 pi i sum_d k_jd (floor(N_d/2) - s_d N_d) / N_d) for blocks s = first
  // …
  void modulate(int64_t kernel, int64_t frame, int64_t first, int64_t blocks, c128* samples) const {
    const double* k = coordinates(frame);
    const int64_t weight_at = (kernel * frames + frame) * points;
    const int64_t chunks = (points + kChunkPoints - 1) / kChunkPoints;
    ThreadPool::process().run(chunks, stream.threads(), [&](int64_t chunk, int) {
      const int64_t end = std::min(points, (chunk + 1) * kChunkPoints);
      for (int64_t j = chunk * kChunkPoints; j < end; ++j) {
        c128 weight = spec.weights_real == nullptr ? 1.0 : spec.weights_real[weight_at + j];
        if (spec.weights_imag != nullptr) weight.imag(spec.weights_imag[weight_at + j]);
        c128 step[3];
        for (int64_t d = 0; d < dims; ++d) {
          const int64_t n = spec.nufft.image[static_cast<size_t>(d)];
          const double at = k[j * dims + d];
          weight *= turn(at, static_cast<double>(n / 2), static_cast<double>(n));
          step[d] = turn(at, -1.0, 1.0);
        }
        for (int64_t s = 0; s < blocks; ++s) {
          c128 value = weight;
          for (int64_t d = 0; d < dims; ++d) {
            if ((((first + s) >> (dims - 1 - d)) & 1) != 0) value *= step[d];
          }
          samples[s * points + j] = value;
        }
      }
    });
  }

  // c[r - s N] = value[r] / sqrt(prod N) on the wrapped grid; for real weights c[-m] = conj c[m]
  // too.
  void lay_out(int64_t s, const c128* value, bool with_mirror) {
    const double scale = 1.0 / std::sqrt(static_cast<double>(pixels));
    for (int64_t i = 0; i < pixels; ++i) {
      int64_t rest = i;
      int64_t at = 0;
      int64_t mirror = 0;
      int64_t stride = 1;
      bool is_inside = true;
      bool is_first_zero = false;
      for (int64_t d = dims; d-- > 0;) {
        const int64_t n = spec.nufft.image[static_cast<size_t>(d)];
        const int64_t g = grid[static_cast<size_t>(d)];
        const int64_t r = rest % n;
        rest /= n;
        const bool is_negative = ((s >> (dims - 1 - d)) & 1) != 0;
        if (is_negative && r == 0) is_inside = false;  // m = -N
        const int64_t m = is_negative ? r - n : r;
        at += (m + g) % g * stride;
        mirror += (g - m) % g * stride;
        stride *= g;
        is_first_zero = m == 0;  // of the slowest dim in the end
      }
      if (!is_inside) continue;
      c[static_cast<size_t>(at)] = scale * value[i];
      if (with_mirror && !is_first_zero)
        c[static_cast<size_t>(mirror)] = std::conj(scale * value[i]);
    }
  }
};

ToeplitzSpectra::ToeplitzSpectra(const ToeplitzSpec& spec,
                                 const std::array<int64_t, 3>& grid,
                                 Stream& stream)
    : state_(std::make_unique<State>(spec, grid, stream)) {}

ToeplitzSpectra::~ToeplitzSpectra() = default;

const c128* ToeplitzSpectra::make(int64_t kernel, int64_t frame) {
  State& t = *state_;
  const bool is_real = t.spec.weights_imag == nullptr;
  // Blocks with s = 0 in the slowest dim come first; the others are their mirror for real weights.
  const int64_t blocks = int64_t{1} << (is_real ? t.dims - 1 : t.dims);
  const int64_t most = std::min(blocks, kBlocksAtOnce);
  std::vector<c128> samples(static_cast<size_t>(most * t.points));
  std::vector<c128> images(static_cast<size_t>(most * t.pixels));
  const NufftPoints& nufft = *t.nufft[static_cast<size_t>(frame)];
  const auto workspace = aligned_bytes(std::max(nufft.workspace(most), t.fft->workspace()));
  std::fill(t.c.begin(), t.c.end(), c128(0));
  for (int64_t first = 0; first < blocks; first += most) {
    t.modulate(kernel, frame, first, most, samples.data());
    RawView y;
    y.data = samples.data();
    y.dtype = DType::c128;
    y.ndim = 3;
    y.extent = {1, most, t.points};
    y.stride = {most * t.points, t.points, 1};
    RawView x = y;
    x.data = images.data();
    x.ndim = 2 + static_cast<int>(t.dims);
    int64_t stride = 1;
    for (int d = x.ndim; d-- > 2;) {
      const auto i = static_cast<size_t>(d);
      x.extent[i] = t.spec.nufft.image[i - 2];
      x.stride[i] = stride;
      stride *= x.extent[i];
    }
    x.stride[0] = most * stride;
    x.stride[1] = stride;
    nufft.adjoint(y, {}, false, {}, x, workspace.get(), t.stream);
    for (int64_t s = 0; s < most; ++s) t.lay_out(first + s, images.data() + s * t.pixels, is_real);
  }
  t.fft->run(t.c.data(), t.spectrum.data(), {}, workspace.get(), t.stream);
  return t.spectrum.data();
}

}  // namespace lunops::cpu
