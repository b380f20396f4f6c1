// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/toeplitz_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/device/held.hpp"
#include "runtime/device/thread_pool.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/nearest.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::cpu {

namespace {

// Blocks c_s that are spread together: a vector of doubles holds four complex numbers.
constexpr int64_t kBlocksAtOnce = 4;

constexpr int64_t kChunkPoints = 8192;

constexpr size_t rounded(int64_t elements) noexcept {
  return (static_cast<size_t>(elements) * sizeof(c128) + 63) / 64 * 64;
}

// a b / n modulo 1, the product reduced modulo n exactly: a plain double product loses 1e-13 at
// |k| = 128.
double turns(double a, double b, double n) {
  const double product = a * b;
  const double rest = std::fma(a, b, -product);
  const double near = product - n * std::nearbyint(product / n);
  return (near + rest) / n;
}

c128 turned(double turns) { return std::polar(1.0, 2 * std::numbers::pi * turns); }

// Blocks with s = 0 in the slowest dim come first; the others are their mirror for real weights.
constexpr int64_t blocks_of(int64_t dims, bool is_real) noexcept {
  return int64_t{1} << (is_real ? dims - 1 : dims);
}

// From c to the spectrum.
FftSpec spectrum_fft(const std::array<int64_t, 3>& grid, int64_t dims) {
  FftSpec f;
  f.dtype = DType::c128;
  f.centred = false;
  double cells = 1;
  for (int64_t d = 0; d < dims; ++d) {
    f.extents.push_back(grid[static_cast<size_t>(d)]);
    f.axes.push_back(static_cast<int>(d));
    cells *= static_cast<double>(f.extents.back());
  }
  f.scale = 1.0 / cells;
  f.x_strides.assign(static_cast<size_t>(dims), 1);
  for (size_t d = static_cast<size_t>(dims) - 1; d-- > 0;)
    f.x_strides[d] = f.x_strides[d + 1] * f.extents[d + 1];
  f.y_strides = f.x_strides;
  return f;
}

// Of one frame that a kernel is made for.
NufftSpec fine_spec(const ToeplitzSpec& spec) {
  NufftSpec fine = nufft::build_spec(spec.nufft);
  fine.counts = nullptr;
  fine.frames = 1;
  fine.points = spec.points_per_kernel();
  // A kernel is one frame of the whole, or all of them.
  if (fine.whole.points > 0) {
    if (spec.kernel_frames() != spec.nufft.frames) fine.whole.points *= fine.whole.frames;
    fine.whole.frames = 1;
  }
  return fine;
}

// The workspace of making spectra, by what stands in it one after another: c, then what the
// adjoints need, in whose place the spectrum comes.
struct Room {
  size_t c = 0, samples = 0, images = 0, all = 0;
  Room(int64_t cells, int64_t points, int64_t pixels, int64_t most, size_t adjoint, size_t fft)
      : c(rounded(cells)),
        samples(rounded(most * points)),
        images(rounded(most * pixels)),
        all(c + std::max(samples + images + adjoint, c + fft)) {}
};

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
  std::vector<double> moved;                              // nearest mode: where the points are
  std::vector<std::shared_ptr<const NufftPoints>> nufft;  // {frames}
  std::shared_ptr<const FftKernel> fft;
  HeldArray<std::byte> memory;  // as in Room
  c128 *c = nullptr, *samples = nullptr, *images = nullptr, *spectrum = nullptr;
  std::byte *adjoint_workspace = nullptr, *fft_workspace = nullptr;
  HeldArray<double> filled_real, filled_imag;  // of one kernel, where the spec fills them

  State(const ToeplitzSpec& s, const std::array<int64_t, 3>& g, Stream& st)
      : spec(s), grid(g), stream(st), dims(static_cast<int64_t>(s.nufft.image.size())) {
    frames = s.kernel_frames();
    points = s.points_per_kernel();
    if (s.fill) {
      filled_real = HeldArray<double>(points, "Toeplitz weights", st);
      if (s.has_complex_fill) filled_imag = HeldArray<double>(points, "Toeplitz weights", st);
    }
    for (int64_t d = 0; d < dims; ++d) {
      pixels *= s.nufft.image[static_cast<size_t>(d)];
      cells *= g[static_cast<size_t>(d)];
    }
    fft = make_fft(spectrum_fft(g, dims), st);
    if (s.nufft.is_nearest) {
      moved = nufft::nearest_points(s.nufft, nufft::choose(s.nufft));
      spec.nufft.coordinates = moved.data();
    }
    fine = fine_spec(s);
    for (int64_t i = 0; i < frames; ++i) {
      fine.coordinates = coordinates(i);
      nufft.push_back(make_nufft(fine, st));
    }
    const Room room(cells, points, pixels, most(), nufft.front()->workspace(most()),
                    fft->workspace());
    memory = HeldArray<std::byte>(static_cast<int64_t>(room.all),
                                  "workspace of making a Toeplitz kernel", st);
    c = reinterpret_cast<c128*>(memory.data());
    samples = spectrum = reinterpret_cast<c128*>(memory.data() + room.c);
    images = reinterpret_cast<c128*>(memory.data() + room.c + room.samples);
    adjoint_workspace = memory.data() + room.c + room.samples + room.images;
    fft_workspace = memory.data() + 2 * room.c;
  }

  bool is_real() const noexcept { return spec.is_real(); }
  int64_t blocks() const noexcept { return blocks_of(dims, is_real()); }
  int64_t most() const noexcept { return std::min(blocks(), kBlocksAtOnce); }

  const double* coordinates(int64_t frame) const {
    return spec.nufft.coordinates + frame * points * dims;
  }

  // samples[s][j] = w_j exp(2 pi i sum_d k_jd (floor(N_d/2) - s_d N_d) / N_d) for blocks s = first
  // …
  void modulate(int64_t kernel, int64_t frame, int64_t first) const {
    const double* k = coordinates(frame);
    const int64_t weight_at = spec.fill ? 0 : (kernel * frames + frame) * points;
    const double* real = spec.fill ? filled_real.data() : spec.weights_real;
    const double* imag = spec.fill ? filled_imag.data() : spec.weights_imag;
    const int64_t chunks = (points + kChunkPoints - 1) / kChunkPoints;
    ThreadPool::process().run(chunks, stream.threads(), [&](int64_t chunk, int) {
      const int64_t end = std::min(points, (chunk + 1) * kChunkPoints);
      for (int64_t j = chunk * kChunkPoints; j < end; ++j) {
        c128 weight = real == nullptr ? 1.0 : real[weight_at + j];
        if (!is_real()) weight.imag(imag[weight_at + j]);
        c128 step[3];
        double shift = 0;
        for (int64_t d = 0; d < dims; ++d) {
          const int64_t n = spec.nufft.image[static_cast<size_t>(d)];
          const double at = k[j * dims + d];
          shift += turns(at, static_cast<double>(n / 2), static_cast<double>(n));
          if (d > 0 || !is_real()) step[d] = turned(turns(at, -1.0, 1.0));
        }
        weight *= turned(shift);
        for (int64_t s = 0; s < most(); ++s) {
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
  // too.  Rows of the image go to rows of the grid, and their mirrors to others.
  void lay_out(int64_t s, const c128* value) const {
    const double scale = 1.0 / std::sqrt(static_cast<double>(pixels));
    const int64_t width = spec.nufft.image.back();
    const int64_t grid_width = grid[static_cast<size_t>(dims - 1)];
    const auto is_negative = [&](int64_t d) { return ((s >> (dims - 1 - d)) & 1) != 0; };
    ThreadPool::process().run(pixels / width, stream.threads(), [&](int64_t row, int) {
      int64_t rest = row;
      int64_t at = 0;
      int64_t mirror = 0;
      int64_t stride = grid_width;
      int64_t slowest = 0;
      for (int64_t d = dims - 1; d-- > 0;) {
        const int64_t n = spec.nufft.image[static_cast<size_t>(d)];
        const int64_t g = grid[static_cast<size_t>(d)];
        const int64_t r = rest % n;
        rest /= n;
        if (is_negative(d) && r == 0) return;  // m = -N
        slowest = is_negative(d) ? r - n : r;
        at += (slowest + g) % g * stride;
        mirror += (g - slowest) % g * stride;
        stride *= g;
      }
      const bool is_last_negative = is_negative(dims - 1);
      for (int64_t r = is_last_negative ? 1 : 0; r < width; ++r) {
        const int64_t m = is_last_negative ? r - width : r;
        const c128 entry = scale * value[row * width + r];
        c[at + (m < 0 ? m + grid_width : m)] = entry;
        if (is_real() && (dims == 1 ? m : slowest) != 0)
          c[mirror + (m > 0 ? grid_width - m : -m)] = std::conj(entry);
      }
    });
  }
};

ToeplitzSpectra::ToeplitzSpectra(const ToeplitzSpec& spec,
                                 const std::array<int64_t, 3>& grid,
                                 Stream& stream)
    : state_(std::make_unique<State>(spec, grid, stream)) {}

ToeplitzSpectra::~ToeplitzSpectra() = default;

size_t ToeplitzSpectra::expected_bytes(const ToeplitzSpec& spec,
                                       bool complex_weights,
                                       const std::array<int64_t, 3>& grid,
                                       Stream& stream) {
  const auto dims = static_cast<int64_t>(spec.nufft.image.size());
  const int64_t points = spec.points_per_kernel();
  int64_t cells = 1, pixels = 1;
  for (size_t d = 0; d < spec.nufft.image.size(); ++d) {
    cells *= grid[d];
    pixels *= spec.nufft.image[d];
  }
  const int64_t most = std::min(blocks_of(dims, !complex_weights), kBlocksAtOnce);
  const Room room(cells, points, pixels, most,
                  gridding_workspace(fine_spec(spec), most, stream.threads()),
                  cpu::fft_workspace(spectrum_fft(grid, dims), stream));
  const int64_t filled = spec.matrix > 0 ? (complex_weights ? 2 : 1) : 0;
  // Fractions, cells and number of a point (tile_order.hpp).
  const int64_t sorted =
      dims * int64_t{sizeof(double) + sizeof(uint16_t)} + int64_t{sizeof(uint32_t)};
  return room.all + static_cast<size_t>(points * (filled * int64_t{sizeof(double)} +
                                                  spec.kernel_frames() * sorted));
}

const c128* ToeplitzSpectra::make(int64_t kernel, int64_t frame) {
  State& t = *state_;
  if (t.spec.fill) {
    t.spec.fill(kernel, t.filled_real.data(), t.is_real() ? nullptr : t.filled_imag.data());
  }
  const int64_t most = t.most();
  const NufftPoints& nufft = *t.nufft[static_cast<size_t>(frame)];
  std::fill_n(t.c, t.cells, c128(0));
  for (int64_t first = 0; first < t.blocks(); first += most) {
    t.modulate(kernel, frame, first);
    RawView y;
    y.data = t.samples;
    y.dtype = DType::c128;
    y.ndim = 3;
    y.extent = {1, most, t.points};
    y.stride = {most * t.points, t.points, 1};
    RawView x = y;
    x.data = t.images;
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
    nufft.adjoint(y, {}, false, {}, x, t.adjoint_workspace, t.stream);
    for (int64_t s = 0; s < most; ++s) t.lay_out(first + s, t.images + s * t.pixels);
  }
  t.fft->run(t.c, t.spectrum, {}, t.fft_workspace, t.stream);
  return t.spectrum;
}

}  // namespace lunops::cpu
