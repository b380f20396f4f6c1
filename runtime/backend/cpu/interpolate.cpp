// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/interpolate.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/device/thread_pool.hpp"

namespace lunops::cpu {

namespace {

// Buffers of cut tiles that are alive together.
constexpr int64_t kCutBytes = int64_t{8} << 20;

// Elements that one item of a pass over whole arrays moves.
constexpr int64_t kPassElements = 16384;

// Vectors of a row tile reach this far past a stencil.
constexpr int64_t kSlack = 24;

constexpr int64_t round_up(int64_t n, int64_t to) noexcept { return (n + to - 1) / to * to; }

constexpr int64_t modulo(int64_t i, int64_t n) noexcept { return (i % n + n) % n; }

template <class T>
T* real(std::complex<T>* z) noexcept {
  return reinterpret_cast<T*>(z);
}
template <class T>
const T* real(const std::complex<T>* z) noexcept {
  return reinterpret_cast<const T*>(z);
}

template <class C>
C* element(const RawView& view, int64_t frame, int64_t batch) {
  return static_cast<C*>(view.data) + frame * view.stride[0] + batch * view.stride[1];
}

// Elements behind the first two dims, which are contiguous.
int64_t inner(const RawView& view) noexcept {
  int64_t n = 1;
  for (int d = 2; d < view.ndim; ++d) n *= view.extent[static_cast<size_t>(d)];
  return n;
}

// Calls f(frame, batch, first, last) for pieces of all planes.
template <class F>
void each_part(const RawView& view, int share, const F& f) {
  const int64_t n = inner(view);
  const int64_t parts = (n + kPassElements - 1) / kPassElements;
  const int64_t batch = view.extent[1];
  ThreadPool::process().run(view.extent[0] * batch * parts, share, [&](int64_t item, int) {
    const int64_t first = item % parts * kPassElements;
    f(item / parts / batch, item / parts % batch, first, std::min(n, first + kPassElements));
  });
}

}  // namespace

template <class T>
struct Interpolate<T>::Job {
  Layout layout;
  RawView grid, samples;  // complex
  Scale scale;
  int share;
  std::byte* workers;
  T* cuts;
  int64_t frame = 0, frames = 0;  // of the group
  int64_t block = 0, blocks = 0;

  T* worker(int number) const {
    return reinterpret_cast<T*>(workers + static_cast<size_t>(number) * layout.worker_bytes);
  }
  // Calls f() for each group.
  template <class F>
  void each_group(const F& f) {
    for (frame = 0; frame < grid.extent[0]; frame += layout.group_frames) {
      frames = std::min(layout.group_frames, grid.extent[0] - frame);
      for (block = 0; block < layout.blocks; block += layout.group_blocks) {
        blocks = std::min(layout.group_blocks, layout.blocks - block);
        f();
      }
    }
  }
};

template <class T>
Interpolate<T>::Interpolate(const InterpolateSpec& spec, const Stream& stream)
    : spec_(spec), threads_(stream.threads()), is_real_(!is_complex(spec.dtype)) {
  const auto dims = static_cast<int64_t>(spec.grid.size());
  const size_t lead = 3 - spec.grid.size();
  TileProblem problem;
  problem.operation = "Interpolate";
  problem.grid = spec.grid;
  problem.frames = spec.frames;
  problem.points = spec.points;
  problem.deterministic = spec.deterministic;
  for (size_t d = 0; d < spec.grid.size(); ++d) {
    narrow_ = std::max(narrow_, static_cast<int>(std::floor(spec.width[d])));
    extent_[lead + d] = spec.grid[d];
  }
  wide_ = narrow_ + 1;
  for (size_t d = 0; d < spec.grid.size(); ++d) problem.terms[d] = terms_[lead + d] = wide_;
  problem.kinds = 2;
  middle_at_ = round_up(wide_, kTableStep);
  slow_at_ = middle_at_ + wide_;
  pitch_ = middle_at_ + (dims - 1) * wide_;
  values_ = HeldArray<T>(spec.frames * spec.points * pitch_ + kTableStep, "kernel values", stream);
  const int64_t pieces = (values_.size() + kPassElements - 1) / kPassElements;
  ThreadPool::process().run(pieces, threads_, [&](int64_t piece, int) {
    const int64_t end = std::min(values_.size(), (piece + 1) * kPassElements);
    std::fill(values_.data() + piece * kPassElements, values_.data() + end, T(0));
  });

  const auto fold = [&](int64_t first, int64_t count, Folded& at) {
    for (int64_t j = first; j < first + count; ++j) {
      const int64_t i = j - first;
      at.kind[i] = 0;
      for (size_t d = 0; d < spec.grid.size(); ++d) {
        const double t = spec.coordinates[j * dims + static_cast<int64_t>(d)];
        const TapRange range = tap_range(spec.width[d], t);
        const int64_t n = spec.grid[d];
        const int64_t start = range.start();
        // What a zero boundary cuts off on the left is cut off the values too; a stencil beyond the
        // grid has no values left.
        at.cell[d][i] = spec.is_circular ? modulo(start, n) : start < 0 || start >= n ? 0 : start;
        at.z[d][i] = t;
        if (range.count > narrow_) at.kind[i] = 1;
      }
    }
  };
  const auto keep = [&](int64_t count, const int64_t* place, const Folded& folded) {
    const int64_t at[3] = {0, middle_at_, slow_at_};
    for (int64_t i = 0; i < count; ++i) {
      for (size_t d = 0; d < spec.grid.size(); ++d) {
        const Taps taps = taps_at(spec, static_cast<int>(d), folded.z[d][i]);
        T* values = values_.data() + place[i] * pitch_ + at[spec.grid.size() - 1 - d];
        int64_t skipped = 0;
        if (!spec.is_circular) skipped = taps.first >= spec.grid[d] ? taps.count : -taps.first;
        for (int64_t p = std::max<int64_t>(skipped, 0); p < taps.count; ++p)
          values[p - std::max<int64_t>(skipped, 0)] =
              static_cast<T>(taps.value[static_cast<size_t>(p)]);
      }
    }
  };
  order_ = sort_by_tile(problem, stream, fold, keep);
  for (size_t d = 0; d < 3; ++d) tile_cells_ *= order_.tiles[d].longest() + terms_[d] - 1;
  spec_.coordinates = nullptr;
  if constexpr (sizeof(T) == 4) {
    table_ = &LUNOPS_SELECT_ISA(isa(), table_f32);
    moves_ = &LUNOPS_SELECT_ISA(isa(), spread_f32);
  } else {
    table_ = &LUNOPS_SELECT_ISA(isa(), table_f64);
    moves_ = &LUNOPS_SELECT_ISA(isa(), spread_f64);
  }
  lines_ = &functions_of<T>(LUNOPS_SELECT_ISA(isa(), line_table));
}

template <class T>
auto Interpolate<T>::layout_of(int64_t complexes) const noexcept -> Layout {
  Layout l{};
  const int64_t lanes = table_->lanes;
  l.is_row = !spec_.deterministic && 2 * complexes < lanes;
  l.block = l.is_row ? std::max<int64_t>(complexes, 1) : lanes;
  l.blocks = (complexes + l.block - 1) / l.block;
  l.tile_stride = round_up(tile_cells_ + kSlack, 8);
  l.tile = round_up(l.is_row ? 2 * l.block * l.tile_stride : 2 * lanes * tile_cells_, 64);
  const int64_t cut = order_.slots * l.tile * static_cast<int64_t>(sizeof(T));
  const int64_t room = std::max<int64_t>(1, kCutBytes / std::max<int64_t>(cut, 1));
  l.group_blocks = std::min(l.blocks, room);
  l.group_frames =
      std::min(spec_.frames, l.group_blocks < l.blocks
                                 ? int64_t{1}
                                 : std::max<int64_t>(1, room / std::max<int64_t>(1, l.blocks)));
  l.worker_bytes = static_cast<size_t>(l.tile) * sizeof(T);
  l.cut_bytes = static_cast<size_t>(l.group_frames * l.group_blocks * cut);
  if (is_real_) {
    const int64_t cells = extent_[0] * extent_[1] * extent_[2];
    l.pack_bytes = static_cast<size_t>(round_up(spec_.frames * complexes * cells, 8) +
                                       round_up(spec_.frames * complexes * spec_.points, 8)) *
                   sizeof(C);
  }
  return l;
}

template <class T>
size_t Interpolate<T>::workspace(int64_t batch) const noexcept {
  const Layout l = layout_of(complexes_of(batch));
  return l.pack_bytes + l.cut_bytes + static_cast<size_t>(threads_) * l.worker_bytes;
}

template <class T>
double Interpolate<T>::flops(int64_t batch) const noexcept {
  double terms = is_real_ ? 2.0 : 4.0;
  for (size_t d = 0; d < spec_.grid.size(); ++d) terms *= spec_.width[d];
  return terms * static_cast<double>(spec_.frames * spec_.points * batch);
}

template <class T>
double Interpolate<T>::bytes(int64_t batch) const noexcept {
  double cells = 1;
  for (const int64_t n : spec_.grid) cells *= static_cast<double>(n);
  const auto points = static_cast<double>(spec_.points);
  return static_cast<double>(spec_.frames) *
         (static_cast<double>(size_of(spec_.dtype)) * static_cast<double>(batch) *
              (cells + points) +
          points * static_cast<double>(pitch_) * static_cast<double>(sizeof(T)));
}

template <class T>
RawView Interpolate<T>::packed(const RawView& like, std::byte* memory) const {
  RawView v = like;
  v.data = memory;
  v.dtype = dtype_v<C>;
  v.extent[1] = complexes_of(like.extent[1]);
  v.stride[1] = inner(like);
  v.stride[0] = v.stride[1] * v.extent[1];
  return v;
}

// Batch elements 2 k and 2 k + 1 become the real and the imaginary part of element k.
template <class T>
void Interpolate<T>::pack(const RawView& from, const RawView& to, int share) const {
  each_part(to, share, [&](int64_t f, int64_t b, int64_t first, int64_t last) {
    const bool is_pair = 2 * b + 1 < from.extent[1];
    const T* re = element<const T>(from, f, 2 * b);
    const T* im = is_pair ? element<const T>(from, f, 2 * b + 1) : nullptr;
    C* out = element<C>(to, f, b);
    for (int64_t i = first; i < last; ++i) out[i] = C(re[i], is_pair ? im[i] : T(0));
  });
}

template <class T>
void Interpolate<T>::unpack(const RawView& from, Scale s, const RawView& to, int share) const {
  const T alpha = static_cast<T>(s.alpha.real()), beta = static_cast<T>(s.beta.real());
  each_part(to, share, [&](int64_t f, int64_t b, int64_t first, int64_t last) {
    const T* in = real(element<const C>(from, f, b / 2)) + b % 2;
    T* y = element<T>(to, f, b);
    for (int64_t i = first; i < last; ++i)
      y[i] = beta == T(0) ? alpha * in[2 * i] : alpha * in[2 * i] + beta * y[i];
  });
}

template <class T>
void Interpolate<T>::scale(const RawView& grid, c128 beta, int share) const {
  if (beta == 1.0) return;
  each_part(grid, share, [&](int64_t f, int64_t b, int64_t first, int64_t last) {
    C* y = element<C>(grid, f, b) + first;
    if (beta == 0.0) {
      std::fill_n(y, last - first, C(0));
    } else {
      lines_->multiply(real(y), nullptr, false, nullptr, static_cast<T>(beta.real()),
                       static_cast<T>(beta.imag()), real(y), last - first);
    }
  });
}

template <class T>
void Interpolate<T>::forward(
    RawView grid, Scale s, RawView samples, std::byte* workspace, Stream& stream) const {
  if (samples.empty()) return;
  Job job{layout_of(complexes_of(grid.extent[1])), grid, samples, s, 1, nullptr, nullptr};
  job.share = std::min(threads_, stream.threads());
  job.cuts = reinterpret_cast<T*>(workspace + job.layout.pack_bytes);
  job.workers = workspace + job.layout.pack_bytes + job.layout.cut_bytes;
  if (is_real_) {
    job.grid = packed(grid, workspace);
    job.samples =
        packed(samples, workspace + static_cast<size_t>(round_up(job.grid.count(), 8)) * sizeof(C));
    job.scale = {};
    pack(grid, job.grid, job.share);
  }
  job.each_group([&] { interpolate(job); });
  if (is_real_) unpack(job.samples, s, samples, job.share);
}

template <class T>
void Interpolate<T>::adjoint(
    RawView samples, Scale s, RawView grid, std::byte* workspace, Stream& stream) const {
  if (grid.empty()) return;
  Job job{layout_of(complexes_of(grid.extent[1])), grid, samples, s, 1, nullptr, nullptr};
  job.share = std::min(threads_, stream.threads());
  job.cuts = reinterpret_cast<T*>(workspace + job.layout.pack_bytes);
  job.workers = workspace + job.layout.pack_bytes + job.layout.cut_bytes;
  if (is_real_) {
    job.grid = packed(grid, workspace);
    job.samples =
        packed(samples, workspace + static_cast<size_t>(round_up(job.grid.count(), 8)) * sizeof(C));
    job.scale = {};
    pack(samples, job.samples, job.share);
  }
  scale(job.grid, job.scale.beta, job.share);
  job.each_group([&] { spread(job); });
  if (is_real_) unpack(job.grid, s, grid, job.share);
}

template <class T>
std::array<int64_t, 3> Interpolate<T>::padded(const Run& run) const noexcept {
  std::array<int64_t, 3> extent;
  for (size_t d = 0; d < 3; ++d) {
    const TileDim& dim = order_.tiles[d];
    const auto t = static_cast<size_t>(run.tile[d]);
    extent[d] = dim.start[t + 1] - dim.start[t] + terms_[d] - 1;
  }
  return extent;
}

template <class T>
template <class F>
void Interpolate<T>::each_piece(const Run& run, const F& f) const {
  const std::array<int64_t, 3> extent = padded(run);
  std::array<int64_t, 3> start;
  for (size_t d = 0; d < 3; ++d) start[d] = order_.tiles[d].start[static_cast<size_t>(run.tile[d])];
  const int64_t width = extent_[2];
  for (int64_t z = 0; z < extent[0]; ++z) {
    for (int64_t y = 0; y < extent[1]; ++y) {
      int64_t slab = start[0] + z;
      int64_t line = start[1] + y;
      const int64_t cell = (z * extent[1] + y) * extent[2];
      if (!spec_.is_circular && (slab >= extent_[0] || line >= extent_[1])) {
        f(int64_t{-1}, cell, extent[2]);
        continue;
      }
      slab %= extent_[0];
      line %= extent_[1];
      const int64_t row = (slab * extent_[1] + line) * width;
      int64_t at = start[2];
      for (int64_t x = 0; x < extent[2];) {
        const int64_t count = std::min(extent[2] - x, width - at);
        f(row + at, cell + x, count);
        x += count;
        at = 0;
        if (spec_.is_circular || x == extent[2]) continue;
        f(int64_t{-1}, cell + x, extent[2] - x);
        break;
      }
    }
  }
}

template <class T>
void Interpolate<T>::load_tile(const Job& job, const Run& run, int64_t block, T* tile) const {
  const Layout& l = job.layout;
  const int64_t first = block * l.block;
  const int64_t batch = std::min(l.block, job.grid.extent[1] - first);
  const C* grid = element<const C>(job.grid, run.frame, first);
  if (!l.is_row) {
    const int64_t reals = 2 * int64_t{table_->lanes};
    each_piece(run, [&](int64_t offset, int64_t cell, int64_t count) {
      if (offset < 0) {
        std::fill_n(tile + reals * cell, reals * count, T(0));
      } else {
        moves_->load_cells(real(grid + offset), job.grid.stride[1], batch, count,
                           tile + reals * cell);
      }
    });
    return;
  }
  const std::array<int64_t, 3> extent = padded(run);
  const int64_t cells = extent[0] * extent[1] * extent[2];
  for (int64_t b = 0; b < batch; ++b) {
    T* one = tile + 2 * b * l.tile_stride;
    each_piece(run, [&](int64_t offset, int64_t cell, int64_t count) {
      if (offset < 0) {
        std::fill_n(one + 2 * cell, 2 * count, T(0));
      } else {
        std::memcpy(one + 2 * cell, grid + b * job.grid.stride[1] + offset,
                    static_cast<size_t>(count) * sizeof(C));
      }
    });
    std::fill_n(one + 2 * cells, 2 * kSlack, T(0));
  }
}

template <class T>
void Interpolate<T>::add_tile(const Job& job, const Run& run, int64_t block, const T* tile) const {
  const Layout& l = job.layout;
  const int64_t first = block * l.block;
  const int64_t batch = std::min(l.block, job.grid.extent[1] - first);
  C* grid = element<C>(job.grid, run.frame, first);
  each_piece(run, [&](int64_t offset, int64_t cell, int64_t count) {
    if (offset < 0) return;
    if (!l.is_row) {
      moves_->add_cells(tile + 2 * table_->lanes * cell, count, real(grid + offset),
                        job.grid.stride[1], batch);
      return;
    }
    for (int64_t b = 0; b < batch; ++b) {
      lines_->multiply_add(tile + 2 * (b * l.tile_stride + cell), nullptr, false, nullptr, T(1),
                           T(0), real(grid + b * job.grid.stride[1] + offset), count);
    }
  });
}

template <class T>
TableJob<T> Interpolate<T>::tile_job(const Job& j, const Run& run, int64_t block, T* tile) const {
  TableJob<T> job{};
  const std::array<int64_t, 3> extent = padded(run);
  job.dims = order_.dims;
  job.cell = order_.cell.data();
  job.index = order_.index.data();
  job.tile = tile;
  job.row_pitch = extent[2];
  job.plane_pitch = extent[2] * extent[1];
  job.tile_stride = j.layout.tile_stride;
  const int64_t first = block * j.layout.block;
  job.batch = std::min(j.layout.block, j.grid.extent[1] - first);
  job.samples = real(element<C>(j.samples, run.frame, first));
  job.sample_stride = j.samples.stride[1];
  job.values = values_.data();
  job.value_pitch = pitch_;
  job.middle_at = middle_at_;
  job.slow_at = slow_at_;
  job.has_alpha = j.scale.alpha != 1.0;
  job.alpha_re = static_cast<T>(j.scale.alpha.real());
  job.alpha_im = static_cast<T>(j.scale.alpha.imag());
  return job;
}

template <class T>
void Interpolate<T>::call(void (*const* kernels)(const TableJob<T>&),
                          TableJob<T> job,
                          const Run& run) const {
  job.begin = run.begin;
  job.end = run.second;
  if (job.begin < job.end) kernels[narrow_ - 1](job);
  job.begin = run.second;
  job.end = run.end;
  if (job.begin < job.end) kernels[wide_ - 1](job);
}

template <class T>
void Interpolate<T>::interpolate(const Job& job) const {
  const auto* kernels = job.layout.is_row ? table_->interpolate_row : table_->interpolate_block;
  // Colours do not matter here, they are how the runs are listed: one loop over all of them.
  std::array<int64_t, 8> first{};
  std::array<int64_t, 9> before{};
  const auto colours = static_cast<size_t>(order_.colours);
  for (size_t c = 0; c < colours; ++c) {
    const size_t at = c * static_cast<size_t>(order_.frames) + static_cast<size_t>(job.frame);
    first[c] = order_.run_start[at];
    before[c + 1] = before[c] + order_.run_start[at + static_cast<size_t>(job.frames)] - first[c];
  }
  ThreadPool::process().run(before[colours] * job.blocks, job.share, [&](int64_t item, int worker) {
    const int64_t number = item / job.blocks;
    const int64_t block = job.block + item % job.blocks;
    size_t c = 0;
    while (before[c + 1] <= number) ++c;
    const Run& run = order_.runs[static_cast<size_t>(first[c] + number - before[c])];
    T* tile = job.worker(worker);
    load_tile(job, run, block, tile);
    TableJob<T> t = tile_job(job, run, block, tile);
    t.has_beta = job.scale.beta != 0.0;
    t.beta_re = static_cast<T>(job.scale.beta.real());
    t.beta_im = static_cast<T>(job.scale.beta.imag());
    call(kernels, t, run);
  });
}

template <class T>
void Interpolate<T>::spread(const Job& job) const {
  ThreadPool& pool = ThreadPool::process();
  const auto* kernels = job.layout.is_row ? table_->spread_row : table_->spread_block;
  const auto cut_buffer = [&](const Run& run, int64_t block) {
    return job.cuts +
           (((run.frame - job.frame) * job.blocks + block - job.block) * order_.slots + run.slot) *
               job.layout.tile;
  };
  // Tiles of one colour touch disjoint cells, and each cell receives its contributions in the order
  // of the colours: no locks, and the same bits for any number of threads.
  for (int colour = 0; colour < order_.colours; ++colour) {
    const auto at = static_cast<size_t>(colour * order_.frames + job.frame);
    const int64_t first = order_.run_start[at];
    const int64_t runs = order_.run_start[at + static_cast<size_t>(job.frames)] - first;
    pool.run(runs * job.blocks, job.share, [&](int64_t item, int worker) {
      const Run& run = order_.runs[static_cast<size_t>(first + item / job.blocks)];
      const int64_t block = job.block + item % job.blocks;
      const bool is_cut = run.slot >= 0;
      T* tile = is_cut ? cut_buffer(run, block) : job.worker(worker);
      const std::array<int64_t, 3> extent = padded(run);
      const int64_t cells = extent[0] * extent[1] * extent[2];
      std::fill_n(tile, job.layout.is_row ? job.layout.tile : 2 * table_->lanes * cells, T(0));
      call(kernels, tile_job(job, run, block, tile), run);
      if (!is_cut) add_tile(job, run, block, tile);
    });
    const int64_t first_cut = order_.cut_start[at];
    const int64_t cuts = order_.cut_start[at + static_cast<size_t>(job.frames)] - first_cut;
    pool.run(cuts * job.blocks, job.share, [&](int64_t item, int) {
      const CutTile& cut = order_.cut_tiles[static_cast<size_t>(first_cut + item / job.blocks)];
      const int64_t block = job.block + item % job.blocks;
      for (int64_t r = cut.first; r < cut.last; ++r) {
        const Run& run = order_.runs[static_cast<size_t>(r)];
        add_tile(job, run, block, cut_buffer(run, block));
      }
    });
  }
}

template class Interpolate<float>;
template class Interpolate<double>;

std::shared_ptr<const InterpolateKernel> make_interpolate(const InterpolateSpec& spec,
                                                          Stream& stream) {
  if (is_double(spec.dtype)) return std::make_shared<Interpolate<double>>(spec, stream);
  return std::make_shared<Interpolate<float>>(spec, stream);
}

}  // namespace lunops::cpu
