// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <numbers>
#include <vector>

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/backend/cpu/pruned_passes.hpp"
#include "runtime/backend/cpu/toeplitz_kernel.hpp"
#include "runtime/device/held.hpp"
#include "runtime/device/thread_pool.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::cpu {

namespace {

// Images share a pass until their planes fill this much for each thread: what stays in a core's own
// cache from one pass to the next.  With 8 MiB, 8 coils of 256 x 256 took 1.4 times as long on one
// core of a Zen 4 whose last cache others used too (benchmarks/kernels/nufft_targets.cpp).
constexpr int64_t kGroupBytes = int64_t{1} << 20;

// Lines of a spectrum that are brought into its order together.
constexpr int64_t kAtOnce = 8;

constexpr int64_t round_up(int64_t n, int64_t to) noexcept { return (n + to - 1) / to * to; }

std::array<int64_t, 3> doubled(const std::vector<int64_t>& image) {
  std::array<int64_t, 3> grid = {1, 1, 1};
  for (size_t d = 0; d < image.size(); ++d) grid[d] = 2 * image[d];
  return grid;
}

std::array<int64_t, 3> same(const std::vector<int64_t>& image) {
  std::array<int64_t, 3> grid = {1, 1, 1};
  std::copy(image.begin(), image.end(), grid.begin());
  return grid;
}

bool prefers_embedded(const ToeplitzSpec& spec) {
  if (spec.form != ToeplitzSpec::Form::choose) return spec.form == ToeplitzSpec::Form::embedded;
  NufftSpec one = spec.nufft;
  if (one.deterministic) one.frames = 1;
  return nufft::toeplitz_embedded(one, 1).seconds <= nufft::toeplitz_decomposed(one, 1).seconds;
}

// Images whose planes are in memory together.
struct GroupSize {
  int64_t frames = 1, batches = 1;
};

GroupSize group_size(const ToeplitzSpec& spec,
                     bool is_embedded,
                     int threads,
                     int64_t plane_bytes,
                     int64_t batch) noexcept {
  GroupSize g;
  const int64_t frames = spec.image_frames();
  const int64_t room = std::max<int64_t>(1, threads * kGroupBytes / plane_bytes);
  // The terms of the decomposed form add up element by element: one image at a time keeps the
  // order of all sums independent of the grouping.
  g.batches = is_embedded ? std::min(batch, room) : std::min<int64_t>(batch, 1);
  if (spec.matrix > 0) {  // all inputs of the matrix at once
    g.frames = frames;
    g.batches = std::min(g.batches, std::max<int64_t>(1, room / frames));
    return g;
  }
  g.frames = std::min(frames, std::max<int64_t>(1, room / std::max<int64_t>(1, g.batches)));
  if (g.batches < batch) g.frames = 1;
  return g;
}

// Elements of one thread's line buffers and of its row of a map behind them.
int64_t worker_size(const ToeplitzSpec& spec, int64_t buffer) noexcept {
  return (2 + spec.matrix) * buffer + round_up(spec.nufft.image.back(), 8);
}

// The normal operator of nufft.md §6 in both forms.  T is the real type.
//
// Embedded: one term, on a grid of at least 2 N - 1.  Decomposed: 2^d terms on the grid N, term b
// with phases exp(-i pi b n / N) and the spectrum P[2q + b].
//
// A spectrum is stored in the order in which the last pass meets it: {grid y (3-D), grid x, grid of
// the slowest dim}, so that a chunk of columns reads one contiguous piece.
template <class T>
class Toeplitz final : public ToeplitzKernel {
  using C = std::complex<T>;
  using Passes = PrunedPasses<T>;

 public:
  Toeplitz(const ToeplitzSpec& spec, Stream& stream)
      : spec_(spec),
        threads_(stream.threads()),
        is_embedded_(prefers_embedded(spec)),
        is_real_(spec.is_real()),
        grid_(is_embedded_ ? nufft::embedding_grid(spec.nufft.image) : doubled(spec.nufft.image)),
        passes_(spec.nufft.image, is_embedded_ ? grid_ : same(spec.nufft.image), false, true) {
    frames_ = spec.image_frames();
    const int64_t kernel_frames = spec.kernel_frames();
    terms_ = is_embedded_ ? 1 : 1 << passes_.rank();
    for (int d = 0; d < 3; ++d) cells_ *= passes_.dim(d).grid;
    spectrum_ = HeldArray<T>(spec.kernels * kernel_frames * terms_ * cells_ * reals(),
                             "Toeplitz kernel", stream);
    ToeplitzSpectra spectra(spec, grid_, stream);
    for (int64_t k = 0; k < spec.kernels; ++k) {
      for (int64_t f = 0; f < kernel_frames; ++f) {
        keep(spectra.make(k, f), k * kernel_frames + f);
      }
    }
    if (!is_embedded_) make_phases();
    spec_.nufft.coordinates = nullptr;
    spec_.weights_real = nullptr;
    spec_.weights_imag = nullptr;
    spec_.fill = nullptr;
    keep_wisdom();
  }

  size_t bytes() const noexcept override { return spectrum_.bytes(); }
  bool is_real() const noexcept override { return is_real_; }
  bool is_embedded() const noexcept override { return is_embedded_; }
  std::array<int64_t, 3> grid() const noexcept override { return grid_; }

  size_t workspace(int64_t batch) const noexcept override {
    const Group g = group_of(batch);
    return static_cast<size_t>(g.frames * g.batches * passes_.plane() + threads_ * worker()) *
           sizeof(C);
  }
  NufftCost cost(int64_t batch) const noexcept override {
    ToeplitzSpec made = spec_;
    made.form = is_embedded_ ? ToeplitzSpec::Form::embedded : ToeplitzSpec::Form::decomposed;
    return nufft::toeplitz(made, batch);
  }

  void run(RawView x,
           const NufftMaps& maps,
           bool conjugate,
           bool adjoint,
           Scale s,
           RawView y,
           std::byte* workspace,
           Stream& stream) const override {
    const int64_t batch = maps.sum_batch && maps.maps.data != nullptr ? maps.maps.extent[0]
                          : maps.sum_batch                            ? 1
                                                                      : x.extent[1];
    if (batch == 0) return;
    Group g = group_of(batch);
    const int64_t group_frames = g.frames;
    const int64_t group_batch = g.batches;
    g.planes = reinterpret_cast<C*>(workspace);
    g.workers = g.planes + group_frames * group_batch * passes_.plane();
    g.share = std::min(threads_, stream.threads());
    g.sign = conjugate ? 1 : -1;
    g.conjugate_spectrum = conjugate != adjoint;
    g.conjugate = conjugate;
    g.adjoint = adjoint;
    for (g.frame = 0; g.frame < frames_; g.frame += group_frames) {
      g.frames = std::min(group_frames, frames_ - g.frame);
      for (g.batch = 0; g.batch < batch; g.batch += group_batch) {
        g.batches = std::min(group_batch, batch - g.batch);
        for (int term = 0; term < terms_; ++term) {
          transform(g, term, x, maps);
          finish(g, term, maps, s, y);
        }
      }
    }
  }

 private:
  struct Group {
    int64_t frame, frames;
    int64_t batch, batches;
    C* planes;
    C* workers;
    int share;
    int sign;
    bool conjugate_spectrum;  // of a kernel that is no matrix
    bool conjugate, adjoint;  // of a matrix
  };

  int64_t reals() const noexcept { return is_real_ ? 1 : 2; }
  int64_t worker() const noexcept { return worker_size(spec_, passes_.buffer()); }
  C* map_row(C* buffers) const noexcept { return buffers + (2 + spec_.matrix) * passes_.buffer(); }
  Group group_of(int64_t batch) const noexcept {
    const GroupSize size =
        group_size(spec_, is_embedded_, threads_, passes_.plane() * int64_t{sizeof(C)}, batch);
    Group g{};
    g.frames = size.frames;
    g.batches = size.batches;
    return g;
  }

  // Puts a double spectrum on the full grid {z, y, x} into place, as one term or as 2^d.
  void keep(const c128* spectrum, int64_t number) {
    const Passes& p = passes_;
    const int rank = p.rank();
    // Grid extents and strides of z, y, x in the given array.
    int64_t stride[3] = {0, 0, 0};
    int64_t sum = 1;
    for (int d = 2; d >= 3 - rank; --d) {
      stride[d] = sum;
      sum *= grid_[static_cast<size_t>(d - (3 - rank))];
    }
    const int64_t step = is_embedded_ ? 1 : 2;
    for (int term = 0; term < terms_; ++term) {
      int64_t offset = 0;
      for (int d = 3 - rank; d < 3; ++d) offset += bit(term, d) * stride[d];
      T* out = spectrum_.data() + (number * terms_ + term) * cells_ * reals();
      // Lines of the slowest dim next to each other: a few at once, since they share cache lines.
      const int slow = rank == 3 ? 0 : 1;
      const int64_t length = p.dim(slow).grid;
      const int64_t width = p.dim(2).grid;
      const int64_t pieces = (width + kAtOnce - 1) / kAtOnce;
      ThreadPool::process().run(
          pieces * (cells_ / (length * width)), threads_, [&](int64_t item, int) {
            const int64_t y = item / pieces;
            const int64_t first = item % pieces * kAtOnce;
            const int64_t last = std::min(width, first + kAtOnce);
            const c128* from = spectrum + offset + step * (slow == 0 ? y * stride[1] : 0);
            for (int64_t i = 0; i < length; ++i) {
              for (int64_t x = first; x < last; ++x) {
                const c128 value = from[step * (i * stride[slow] + x * stride[2])];
                T* to = out + ((y * width + x) * length + i) * reals();
                to[0] = static_cast<T>(value.real());
                if (!is_real_) to[1] = static_cast<T>(value.imag());
              }
            }
          });
    }
  }

  // b_d of a term for dim d of z, y, x.
  static int64_t bit(int term, int d) noexcept { return (term >> (2 - d)) & 1; }

  void make_phases() {
    for (int d = 0; d < 3; ++d) {
      const int64_t n = passes_.dim(d).image;
      for (int64_t i = 0; i < n; ++i) {
        phase_[d].push_back(
            std::polar(1.0, -std::numbers::pi * static_cast<double>(i) / static_cast<double>(n)));
        phase_x_.resize(static_cast<size_t>(n));
        phase_x_[static_cast<size_t>(i)] = C(phase_[d].back());
      }
      one_[d].assign(static_cast<size_t>(n), 1.0);
    }
  }

  typename Passes::Weights weights_of(int term, bool conjugate, c128 scale) const {
    typename Passes::Weights w;
    w.scale = scale;
    if (is_embedded_) return w;
    w.conjugate = conjugate;
    if (bit(term, 2) != 0) w.phase_x = phase_x_.data();
    w.phase_y = (bit(term, 1) != 0 ? phase_ : one_)[1].data();
    w.phase_z = (bit(term, 0) != 0 ? phase_ : one_)[0].data();
    return w;
  }

  const T* spectrum_of(int64_t frame, int64_t batch, int term) const noexcept {
    const int64_t kernel = spec_.kernels > 1 ? batch : 0;
    return spectrum_.data() + ((kernel * frames_ + frame) * terms_ + term) * cells_ * reals();
  }

  void multiply(C* line, const T* spectrum, bool conjugate, int64_t n) const {
    T* p = Passes::real(line);
    passes_.lines().multiply(p, is_real_ ? nullptr : spectrum, conjugate,
                             is_real_ ? spectrum : nullptr, T(1), T(0), p, n);
  }

  // y_a = sum_b P_ab x_b on one line: x of {K, x_step}, into `out`.
  void mix_lines(const Group& g,
                 int term,
                 int64_t a,
                 const C* x,
                 int64_t x_step,
                 int64_t first,
                 C* out,
                 int64_t n) const {
    const int64_t k = spec_.matrix;
    for (int64_t b = 0; b < k; ++b) {
      const MatrixEntry e = matrix_entry(k, spec_.is_hermitian, g.conjugate, g.adjoint, a, b);
      const T* spectrum =
          spectrum_.data() + ((e.kernel * terms_ + term) * cells_ + first) * reals();
      (b == 0 ? passes_.lines().multiply : passes_.lines().multiply_add)(
          Passes::real(x + b * x_step), is_real_ ? nullptr : spectrum, e.conjugate,
          is_real_ ? spectrum : nullptr, T(1), T(0), Passes::real(out), n);
    }
  }

  // The product on the grid of one-dim images, whose planes are lines already.
  void mix_line_planes(const Group& g, int term) const {
    const Passes& p = passes_;
    const int64_t n = p.dim(2).grid;
    const int64_t step = g.batches * p.plane();
    ThreadPool::process().run(g.batches, g.share, [&](int64_t i, int number) {
      C* mixed = g.workers + number * worker();
      C* lines = g.planes + i * p.plane();
      for (int64_t a = 0; a < spec_.matrix; ++a) {
        mix_lines(g, term, a, lines, step, 0, mixed + a * p.buffer(), n);
      }
      for (int64_t a = 0; a < spec_.matrix; ++a) {
        std::copy_n(mixed + a * p.buffer(), n, lines + a * step);
      }
    });
  }

  // There and back along the slowest dim for all inputs of the matrix, mixed in between.
  void mix_columns(const Group& g, int term) const {
    const Passes& p = passes_;
    const int d = 3 - p.rank();
    const int64_t chunks = p.column_chunks();
    const int64_t lines = (d == 0 ? p.dim(1).grid : 1) * chunks;
    const auto& along = p.dim(d);
    ThreadPool::process().run(lines, g.share, [&](int64_t item, int number) {
      C* a = g.workers + number * worker();
      C* b = a + p.buffer();
      C* inputs = b + p.buffer();
      const int64_t line = item / chunks;
      const int64_t chunk = item % chunks;
      const int64_t columns = p.columns_in(chunk);
      const int64_t first = (line * p.dim(2).grid + chunk * kChunk) * along.grid;
      const int64_t pitch = along.of(1).pitch();
      for (int64_t i = 0; i < g.batches; ++i) {
        const auto column = [&](int64_t frame) {
          return g.planes + (frame * g.batches + i) * p.plane() + p.column_at(d, line, chunk);
        };
        for (int64_t f = 0; f < g.frames; ++f) {
          p.gather_image(d, column(f), p.stride_of(d), columns, a);
          along.of(g.sign).execute(Passes::real(a), Passes::real(inputs + f * p.buffer()));
        }
        // Columns beyond those of the chunk are zero, as the transform back expects them.
        if (columns < kChunk) std::fill_n(b, p.buffer(), C(0));
        for (int64_t f = 0; f < g.frames; ++f) {
          for (int64_t c = 0; c < columns; ++c) {
            mix_lines(g, term, f, inputs + c * pitch, p.buffer(), first + c * along.grid,
                      b + c * pitch, along.grid);
          }
          along.of(-g.sign).execute(Passes::real(b), Passes::real(a));
          p.scatter_image(d, a, columns, column(f), p.stride_of(d));
        }
      }
    });
  }

  // Image rows to the far side of the spectrum: afterwards the planes hold lines along x again.
  void transform(const Group& g, int term, RawView x, const NufftMaps& maps) const {
    ThreadPool& pool = ThreadPool::process();
    const Passes& p = passes_;
    const int64_t planes = g.frames * g.batches;
    const auto buffers = [&](int number) { return g.workers + number * worker(); };
    const auto weights = weights_of(term, g.sign > 0, 1.0);
    const int64_t depth = p.dim(0).image;
    const int64_t rows = depth * p.row_chunks();
    pool.run(planes * rows, g.share, [&](int64_t item, int number) {
      const int64_t i = item / rows;
      const int64_t batch = g.batch + i % g.batches;
      C* a = buffers(number);
      p.load_rows(item % rows / p.row_chunks(), item % p.row_chunks(),
                  image_of<T>(x, g.frame + i / g.batches, maps.sum_batch ? 0 : batch),
                  map_of<T>(maps, batch), weights, g.sign, a, map_row(a), g.planes + i * p.plane());
    });
    if (p.rank() == 1 && spec_.matrix > 0) return mix_line_planes(g, term);
    if (p.rank() == 1) {
      pool.run(planes, g.share, [&](int64_t i, int) {
        multiply(g.planes + i * p.plane(),
                 spectrum_of(g.frame + i / g.batches, g.batch + i % g.batches, term),
                 g.conjugate_spectrum, p.dim(2).grid);
      });
      return;
    }
    const int64_t chunks = p.column_chunks();
    if (p.rank() == 3) {
      pool.run(planes * depth * chunks, g.share, [&](int64_t item, int number) {
        C* a = buffers(number);
        p.columns_to_grid(1, item / chunks % depth, item % chunks, g.sign, a, a + p.buffer(),
                          g.planes + item / (depth * chunks) * p.plane());
      });
    }
    if (spec_.matrix > 0) {
      mix_columns(g, term);
      return columns_to_images(g);
    }
    // There and back along the slowest dim within a line buffer.  One chunk of the spectrum serves
    // all batch elements of a frame.
    const int d = 3 - p.rank();
    const int64_t lines = (d == 0 ? p.dim(1).grid : 1) * chunks;
    const auto& along = p.dim(d);
    pool.run(g.frames * lines, g.share, [&](int64_t item, int number) {
      C* a = buffers(number);
      C* b = a + p.buffer();
      const int64_t frame = item / lines;
      const int64_t line = item % lines / chunks;
      const int64_t chunk = item % chunks;
      const int64_t columns = p.columns_in(chunk);
      const int64_t first = (line * p.dim(2).grid + chunk * kChunk) * along.grid * reals();
      for (int64_t i = 0; i < g.batches; ++i) {
        C* column = g.planes + (frame * g.batches + i) * p.plane() + p.column_at(d, line, chunk);
        p.gather_image(d, column, p.stride_of(d), columns, a);
        along.of(g.sign).execute(Passes::real(a), Passes::real(b));
        const T* spectrum = spectrum_of(g.frame + frame, g.batch + i, term) + first;
        for (int64_t c = 0; c < columns; ++c)
          multiply(b + c * along.of(1).pitch(), spectrum + c * along.grid * reals(),
                   g.conjugate_spectrum, along.grid);
        along.of(-g.sign).execute(Passes::real(b), Passes::real(a));
        p.scatter_image(d, a, columns, column, p.stride_of(d));
      }
    });
    columns_to_images(g);
  }

  // The middle dim of three, back from the grid.
  void columns_to_images(const Group& g) const {
    const Passes& p = passes_;
    if (p.rank() != 3) return;
    const int64_t depth = p.dim(0).image, chunks = p.column_chunks();
    ThreadPool::process().run(
        g.frames * g.batches * depth * chunks, g.share, [&](int64_t item, int number) {
          C* a = g.workers + number * worker();
          p.columns_to_image(1, item / chunks % depth, item % chunks, -g.sign, a, a + p.buffer(),
                             g.planes + item / (depth * chunks) * p.plane());
        });
  }

  // Lines along x to image rows: y = alpha sum + beta y.  The batch is summed in its order by the
  // thread that owns the rows.
  void finish(const Group& g, int term, const NufftMaps& maps, Scale s, RawView y) const {
    const Passes& p = passes_;
    const auto weights = weights_of(term, g.sign > 0, s.alpha);
    const int64_t rows = p.dim(0).image * p.row_chunks();
    const int64_t images = g.frames * (maps.sum_batch ? 1 : g.batches);
    const bool has_old = s.beta != 0.0;
    const bool is_first_term = term == 0 && (!maps.sum_batch || g.batch == 0);
    ThreadPool::process().run(images * rows, g.share, [&](int64_t item, int number) {
      C* a = g.workers + number * worker();
      const int64_t z = item % rows / p.row_chunks();
      const int64_t chunk = item % p.row_chunks();
      const int64_t image = item / rows;
      const int64_t frame = maps.sum_batch ? image : image / g.batches;
      const int64_t begin = maps.sum_batch ? 0 : image % g.batches;
      const int64_t end = maps.sum_batch ? g.batches : begin + 1;
      const auto target = image_of<T>(y, g.frame + frame, maps.sum_batch ? 0 : g.batch + begin);
      if (is_first_term && has_old && s.beta != 1.0) {
        const int64_t last = std::min((chunk + 1) * kChunk, p.dim(1).image);
        for (int64_t i = chunk * kChunk; i < last; ++i) {
          T* row = Passes::real(target.data + z * target.stride[0] + i * target.stride[1]);
          p.lines().multiply(row, nullptr, false, nullptr, T(s.beta.real()), T(s.beta.imag()), row,
                             p.dim(2).image);
        }
      }
      for (int64_t b = begin; b < end; ++b) {
        p.store_rows(z, chunk, g.planes + (frame * g.batches + b) * p.plane(),
                     map_of<T>(maps, g.batch + b), weights, -g.sign,
                     has_old || !is_first_term || b > begin, a, map_row(a), target);
      }
    });
  }

  ToeplitzSpec spec_;  // without coordinates and weights
  int threads_;
  bool is_embedded_;
  bool is_real_;
  std::array<int64_t, 3> grid_;
  Passes passes_;
  int64_t frames_ = 1;
  int terms_ = 1;
  int64_t cells_ = 1;           // of one term
  HeldArray<T> spectrum_;       // {kernels, frames with a kernel each, terms, cells}
  std::vector<c128> phase_[3];  // of z, y, x, and ones beside them
  std::vector<c128> one_[3];
  std::vector<C> phase_x_;
};

}  // namespace

std::shared_ptr<const ToeplitzKernel> make_toeplitz(const ToeplitzSpec& spec, Stream& stream) {
  if (spec.nufft.dtype == DType::c64) return std::make_shared<Toeplitz<float>>(spec, stream);
  return std::make_shared<Toeplitz<double>>(spec, stream);
}

Backend::NufftEstimate estimate_nufft(const NufftSpec& spec, int64_t batch, bool complex_weights) {
  Backend::NufftEstimate e;
  e.parameters = nufft::choose(spec);
  e.gridding_seconds = nufft::gridding(spec, e.parameters, batch, false).seconds +
                       nufft::gridding(spec, e.parameters, batch, true).seconds;
  const double embedded = nufft::toeplitz_embedded(spec, batch).seconds;
  const double decomposed = nufft::toeplitz_decomposed(spec, batch).seconds;
  e.embedded = embedded <= decomposed;
  e.toeplitz_seconds = std::min(embedded, decomposed);
  e.build_seconds = nufft::toeplitz_build(spec, 1, complex_weights).seconds;
  const std::array<int64_t, 3> grid =
      e.embedded ? nufft::embedding_grid(spec.image) : doubled(spec.image);
  e.kernel_bytes = static_cast<size_t>(spec.frames * grid[0] * grid[1] * grid[2]) *
                   size_of(complex_weights ? spec.dtype : real_of(spec.dtype));
  return e;
}

namespace {

template <class T>
Backend::NufftBytes bytes_of(const ToeplitzSpec& spec,
                             bool complex_weights,
                             int64_t batch,
                             Stream& stream) {
  Backend::NufftBytes made;
  const std::vector<int64_t>& image = spec.nufft.image;
  const bool is_embedded = prefers_embedded(spec);
  const std::array<int64_t, 3> grid = is_embedded ? nufft::embedding_grid(image) : doubled(image);
  const auto passes = PrunedPasses<T>::sizes(image, is_embedded ? grid : same(image), true);
  const GroupSize group = group_size(spec, is_embedded, stream.threads(),
                                     passes.plane * int64_t{sizeof(std::complex<T>)}, batch);
  made.gridding = gridding_workspace(spec.nufft, batch, stream.threads());
  made.toeplitz = static_cast<size_t>(group.frames * group.batches * passes.plane +
                                      stream.threads() * worker_size(spec, passes.buffer)) *
                  sizeof(std::complex<T>);
  made.kernel = static_cast<size_t>(spec.kernels * spec.kernel_frames()) *
                (complex_weights ? sizeof(std::complex<T>) : sizeof(T));
  for (size_t d = 0; d < image.size(); ++d) made.kernel *= static_cast<size_t>(grid[d]);
  made.building = ToeplitzSpectra::expected_bytes(spec, complex_weights, grid, stream);
  return made;
}

}  // namespace

Backend::NufftBytes nufft_bytes(const ToeplitzSpec& spec,
                                bool complex_weights,
                                int64_t batch,
                                Stream& stream) {
  if (spec.nufft.dtype == DType::c64) return bytes_of<float>(spec, complex_weights, batch, stream);
  return bytes_of<double>(spec, complex_weights, batch, stream);
}

}  // namespace lunops::cpu
