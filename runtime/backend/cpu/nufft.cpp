// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/nufft.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/backend/cpu/planned.hpp"
#include "runtime/device/thread_pool.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::cpu {

namespace {

// Frames, then blocks of batch elements, share a group until their grids fill this much: a part of
// the last cache that other cores leave.
constexpr int64_t kGroupBytes = int64_t{8} << 20;

constexpr int64_t round_up(int64_t n, int64_t to) noexcept { return (n + to - 1) / to * to; }

template <class T>
const SpreadFunctions<T>& spread_functions() {
  if constexpr (sizeof(T) == 4) {
    return LUNOPS_SELECT_ISA(isa(), spread_f32);
  } else {
    return LUNOPS_SELECT_ISA(isa(), spread_f64);
  }
}

template <class C>
C* element(const RawView& view, int64_t frame, int64_t batch) {
  return static_cast<C*>(view.data) + frame * view.stride[0] + batch * view.stride[1];
}

}  // namespace

template <class T>
struct Nufft<T>::Group {
  Layout layout;
  int64_t frame, frames;  // first and number
  int64_t batch, batches;
  int64_t blocks;  // tiles deep
  C* grid;
  T* cuts;
  std::byte* workers;
  int share;

  C* plane(int64_t f, int64_t b, int64_t elements) const {
    return grid + ((f - frame) * batches + (b - batch)) * elements;
  }
  std::byte* worker(int number) const { return workers + number * layout.worker; }
};

template <class T>
Nufft<T>::Nufft(const NufftSpec& spec, const Stream& stream, NufftTuning tuning)
    : spec_(spec),
      parameters_(nufft::choose(spec)),
      threads_(stream.threads()),
      tuning_(tuning),
      spread_(&spread_functions<T>()),
      points_(sort_points<T>(spec, parameters_, stream)),
      passes_(spec.image, parameters_.grid, true, false) {
  spec_.coordinates = nullptr;
  if (spec.counts != nullptr) {
    counts_.assign(spec.counts, spec.counts + spec.frames);
    spec_.counts = counts_.data();
  }
  const size_t dims = spec.image.size();
  double pixels = 1;
  for (const int64_t n : spec.image) pixels *= static_cast<double>(n);
  for (size_t d = 0; d < dims; ++d) {
    const bool is_last = d + 1 == dims;
    const double scale = is_last ? 1.0 / std::sqrt(pixels) : 1.0;
    std::vector<double> weight(static_cast<size_t>(spec.image[d]), scale);
    if (spec.is_nearest) {
      // One cell of value 1, and nothing to correct.
      polynomial_[d].assign(static_cast<size_t>(nufft::kMaxWidth), T(0));
      polynomial_[d].front() = T(1);
    } else {
      const nufft::KaiserBessel kernel = nufft::kernel_of(parameters_, static_cast<int>(d));
      const nufft::StencilPolynomials p =
          nufft::fit_stencil(kernel, nufft::stencil_fit(kernel, parameters_.oversamp[d]));
      degree_[d] = p.degree;
      polynomial_[d].assign(p.coefficient.begin(), p.coefficient.end());
      weight = nufft::correction(kernel, spec.image[d], parameters_.grid[d], scale);
    }
    if (is_last) {
      weight_x_.assign(weight.begin(), weight.end());
      row_polynomial_.resize(2 * polynomial_[d].size());
      for (size_t i = 0; i < polynomial_[d].size(); ++i)
        row_polynomial_[2 * i] = row_polynomial_[2 * i + 1] = polynomial_[d][i];
    } else if (d + 2 == dims) {
      weight_y_ = weight;
    } else {
      weight_z_ = weight;
    }
  }
  sizes_ = sizes_of(spec_, parameters_);
  sizes_.slots = points_.slots;
  parameters_.bytes = points_.bytes();
  keep_wisdom();
}

template <class T>
auto Nufft<T>::sizes_of(const NufftSpec& spec, const NufftParameters& p) -> Sizes {
  const auto dims = static_cast<ptrdiff_t>(spec.image.size());
  const ExpectedTiles tiles = expected_tiles({p.grid.begin(), p.grid.begin() + dims}, p.width,
                                             spec.deterministic ? 1 : spec.frames, spec.points);
  return {PrunedPasses<T>::sizes(spec.image, p.grid, false), tiles.padded_cells, tiles.slots};
}

template <class T>
auto Nufft<T>::layout_of(const NufftSpec& spec,
                         const Sizes& sizes,
                         const NufftTuning& tuning,
                         int64_t batch) noexcept -> Layout {
  Layout l{};
  const int64_t lanes = spread_functions<T>().lanes;
  // One layout for any batch where bits must not depend on it.  Forward and adjoint together, 402 x
  // 512 points of 256 x 256 c64 on one core: blocks took 61, 60, 71, 86 ms for 1, 2, 4, 8 coils,
  // rows 35, 58, 90, 200 ms.
  l.is_row = !tuning.force_block && !spec.deterministic && 2 * batch < lanes;
  l.block = l.is_row ? std::max<int64_t>(batch, 1) : lanes;
  const int64_t plane_bytes = sizes.passes.plane * static_cast<int64_t>(sizeof(C));
  l.group_batch = std::min(batch, l.block);
  const auto room = [&](int64_t frames_or_blocks) {
    return std::max<int64_t>(1, kGroupBytes / std::max<int64_t>(1, plane_bytes * frames_or_blocks));
  };
  l.group_frames = std::min(spec.frames, room(l.group_batch));
  if (l.group_frames == spec.frames)
    l.group_batch = std::min(batch, l.block * room(l.group_batch * spec.frames));
  if (tuning.block_batch > 0) l.group_batch = std::min(batch, tuning.block_batch);
  // Behind a row tile lies slack: vectors reach past the stencil.
  l.tile_stride = round_up(sizes.tile_cells + kMostWidth, 8);
  l.tile = l.is_row ? 2 * l.block * l.tile_stride : 2 * lanes * sizes.tile_cells;
  l.tile = round_up(l.tile, 64);
  const int64_t blocks = (l.group_batch + l.block - 1) / l.block;
  l.grid = round_up(l.group_frames * l.group_batch * sizes.passes.plane, 8);
  l.cuts = l.group_frames * blocks * sizes.slots * l.tile;
  const int64_t map_row = round_up(spec.image.back(), 8);
  l.worker = static_cast<int64_t>(sizeof(C)) * (2 * sizes.passes.buffer + map_row) +
             static_cast<int64_t>(sizeof(T)) * l.tile;
  return l;
}

template <class T>
size_t Nufft<T>::bytes_of(const Layout& l, int threads) noexcept {
  return static_cast<size_t>(l.grid) * sizeof(C) + static_cast<size_t>(l.cuts) * sizeof(T) +
         static_cast<size_t>(threads * l.worker);
}

template <class T>
size_t Nufft<T>::expected_workspace(const NufftSpec& spec, int64_t batch, int threads) {
  return bytes_of(layout_of(spec, sizes_of(spec, nufft::choose(spec)), {}, batch), threads);
}

template <class T>
size_t Nufft<T>::workspace(int64_t batch) const noexcept {
  return bytes_of(layout_of(spec_, sizes_, tuning_, batch), threads_);
}

template <class T>
NufftCost Nufft<T>::cost(int64_t batch, bool is_adjoint) const noexcept {
  return nufft::gridding(spec_, parameters_, batch, is_adjoint);
}

template <class T>
template <class F>
void Nufft<T>::each_group(const Layout& layout,
                          int64_t batch,
                          std::byte* workspace,
                          const F& f) const {
  Group g{};
  g.layout = layout;
  g.grid = reinterpret_cast<C*>(workspace);
  g.cuts = reinterpret_cast<T*>(g.grid + layout.grid);
  g.workers = reinterpret_cast<std::byte*>(g.cuts + layout.cuts);
  for (int64_t frame = 0; frame < spec_.frames; frame += layout.group_frames) {
    g.frame = frame;
    g.frames = std::min(layout.group_frames, spec_.frames - frame);
    for (int64_t b = 0; b < batch; b += layout.group_batch) {
      g.batch = b;
      g.batches = std::min(layout.group_batch, batch - b);
      g.blocks = (g.batches + layout.block - 1) / layout.block;
      f(g);
    }
  }
}

template <class T>
void Nufft<T>::forward(RawView image,
                       const NufftMaps& maps,
                       bool conjugate,
                       Scale s,
                       RawView samples,
                       std::byte* workspace,
                       Stream& stream) const {
  const int64_t batch = samples.extent[1];
  if (batch == 0) return;
  each_group(layout_of(spec_, sizes_, tuning_, batch), batch, workspace, [&](Group& g) {
    g.share = std::min(threads_, stream.threads());
    to_grid(g, image, maps, s.alpha, conjugate ? 1 : -1);
    interpolate(g, samples, s.beta);
    if (!counts_.empty()) clear_missing(g, samples, s.beta);
  });
}

template <class T>
void Nufft<T>::adjoint(RawView samples,
                       const NufftMaps& maps,
                       bool conjugate,
                       Scale s,
                       RawView image,
                       std::byte* workspace,
                       Stream& stream) const {
  const int64_t batch = samples.extent[1];
  if (batch == 0) return;
  each_group(layout_of(spec_, sizes_, tuning_, batch), batch, workspace, [&](Group& g) {
    g.share = std::min(threads_, stream.threads());
    spread(g, samples);
    to_image(g, image, maps, s, conjugate ? -1 : 1);
  });
}

template <class T>
void Nufft<T>::to_grid(
    const Group& g, RawView image, const NufftMaps& maps, c128 alpha, int sign) const {
  ThreadPool& pool = ThreadPool::process();
  typename PrunedPasses<T>::Weights weights;
  weights.x = weight_x_.data();
  weights.y = weight_y_.empty() ? nullptr : weight_y_.data();
  weights.z = weight_z_.empty() ? nullptr : weight_z_.data();
  weights.scale = alpha;
  const int64_t planes = g.frames * g.batches;
  const auto frame_of = [&](int64_t p) { return g.frame + p / g.batches; };
  const auto batch_of = [&](int64_t p) { return g.batch + p % g.batches; };
  const auto buffers = [&](int worker) { return reinterpret_cast<C*>(g.worker(worker)); };

  const int64_t depth = passes_.dim(0).image;
  const int64_t rows = depth * passes_.row_chunks();
  pool.run(planes * rows, g.share, [&](int64_t item, int worker) {
    const int64_t p = item / rows;
    C* a = buffers(worker);
    passes_.load_rows(item % rows / passes_.row_chunks(), item % passes_.row_chunks(),
                      image_of<T>(image, frame_of(p), maps.sum_batch ? 0 : batch_of(p)),
                      map_of<T>(maps, batch_of(p)), weights, sign, a, a + 2 * passes_.buffer(),
                      g.grid + p * passes_.plane());
  });
  const int64_t columns = passes_.column_chunks();
  for (int d = 1; d >= 3 - passes_.rank(); --d) {
    const int64_t lines = (d == 1 ? depth : passes_.dim(1).grid) * columns;
    pool.run(planes * lines, g.share, [&](int64_t item, int worker) {
      C* a = buffers(worker);
      passes_.columns_to_grid(d, item % lines / columns, item % columns, sign, a,
                              a + passes_.buffer(), g.grid + item / lines * passes_.plane());
    });
  }
}

template <class T>
void Nufft<T>::to_image(
    const Group& g, RawView image, const NufftMaps& maps, Scale s, int sign) const {
  ThreadPool& pool = ThreadPool::process();
  typename PrunedPasses<T>::Weights weights;
  weights.x = weight_x_.data();
  weights.y = weight_y_.empty() ? nullptr : weight_y_.data();
  weights.z = weight_z_.empty() ? nullptr : weight_z_.data();
  weights.scale = s.alpha;
  const int64_t planes = g.frames * g.batches;
  const auto buffers = [&](int worker) { return reinterpret_cast<C*>(g.worker(worker)); };
  const int64_t depth = passes_.dim(0).image;
  const int64_t columns = passes_.column_chunks();
  for (int d = 3 - passes_.rank(); d <= 1; ++d) {
    const int64_t lines = (d == 1 ? depth : passes_.dim(1).grid) * columns;
    pool.run(planes * lines, g.share, [&](int64_t item, int worker) {
      C* a = buffers(worker);
      passes_.columns_to_image(d, item % lines / columns, item % columns, sign, a,
                               a + passes_.buffer(), g.grid + item / lines * passes_.plane());
    });
  }
  // The batch is summed by the thread that owns the rows, element after element: the order, and the
  // rounding to T in between, are the same for any grouping.
  const int64_t rows = depth * passes_.row_chunks();
  const int64_t images = g.frames * (maps.sum_batch ? 1 : g.batches);
  pool.run(images * rows, g.share, [&](int64_t item, int worker) {
    C* a = buffers(worker);
    const int64_t z = item % rows / passes_.row_chunks();
    const int64_t chunk = item % passes_.row_chunks();
    const int64_t first = item / rows;
    const int64_t frame = maps.sum_batch ? first : first / g.batches;
    const int64_t begin = maps.sum_batch ? 0 : first % g.batches;
    const int64_t end = maps.sum_batch ? g.batches : begin + 1;
    const auto target = image_of<T>(image, g.frame + frame, maps.sum_batch ? 0 : g.batch + begin);
    const bool is_first = !maps.sum_batch || g.batch == 0;
    const bool has_old = s.beta != 0.0;
    if (is_first && has_old && s.beta != 1.0) {
      const int64_t last = std::min((chunk + 1) * kChunk, passes_.dim(1).image);
      for (int64_t y = chunk * kChunk; y < last; ++y) {
        T* row = passes_.real(target.data + z * target.stride[0] + y * target.stride[1]);
        passes_.lines().multiply(row, nullptr, false, nullptr, T(s.beta.real()), T(s.beta.imag()),
                                 row, passes_.dim(2).image);
      }
    }
    for (int64_t b = begin; b < end; ++b) {
      passes_.store_rows(z, chunk, g.grid + (frame * g.batches + b) * passes_.plane(),
                         map_of<T>(maps, g.batch + b), weights, sign,
                         has_old || !is_first || b > begin, a, a + 2 * passes_.buffer(), target);
    }
  });
}

template <class T>
std::array<int64_t, 3> Nufft<T>::padded(const Run& run) const noexcept {
  std::array<int64_t, 3> extent = {1, 1, 1};
  for (size_t d = static_cast<size_t>(3 - points_.dims); d < 3; ++d) {
    const TileDim& dim = points_.tiles[d];
    const auto t = static_cast<size_t>(run.tile[d]);
    extent[d] = dim.start[t + 1] - dim.start[t] + parameters_.width - 1;
  }
  return extent;
}

template <class T>
template <class F>
void Nufft<T>::each_piece(const Run& run, const F& f) const {
  const std::array<int64_t, 3> extent = padded(run);
  std::array<int64_t, 3> start;
  for (size_t d = 0; d < 3; ++d)
    start[d] = points_.tiles[d].start[static_cast<size_t>(run.tile[d])];
  const auto wrapped = [](int64_t i, int64_t n) { return i < n ? i : i - n; };
  const int64_t width = points_.tiles[2].grid;
  const int64_t first = std::min(extent[2], width - start[2]);
  for (int64_t z = 0; z < extent[0]; ++z) {
    const int64_t slab = wrapped(start[0] + z, points_.tiles[0].grid) * passes_.slab();
    for (int64_t y = 0; y < extent[1]; ++y) {
      const int64_t row = slab + wrapped(start[1] + y, points_.tiles[1].grid) * passes_.row_pitch();
      const int64_t cell = (z * extent[1] + y) * extent[2];
      f(row + start[2], cell, first);
      if (first < extent[2]) f(row, cell + first, extent[2] - first);
    }
  }
}

template <class T>
TileJob<T> Nufft<T>::job_of(
    const Group& g, const Run& run, int64_t block, RawView samples, T* tile) const {
  TileJob<T> job;
  const std::array<int64_t, 3> extent = padded(run);
  job.dims = points_.dims;
  job.z = points_.z.data();
  job.cell = points_.cell.data();
  job.index = points_.index.data();
  job.begin = run.begin;
  job.end = run.end;
  for (int d = 0; d < points_.dims; ++d) {
    const bool is_last = d + 1 == points_.dims;
    job.polynomial[d] = (is_last && g.layout.is_row ? row_polynomial_ : polynomial_[d]).data();
    job.degree[d] = degree_[d];
  }
  job.tile = tile;
  job.row_pitch = extent[2];
  job.plane_pitch = extent[2] * extent[1];
  job.tile_stride = g.layout.tile_stride;
  const int64_t first = block * g.layout.block;
  job.batch = std::min(g.layout.block, g.batches - first);
  job.samples = PrunedPasses<T>::real(element<C>(samples, run.frame, g.batch + first));
  job.sample_stride = samples.stride[1];
  job.has_beta = false;
  job.beta_re = 0;
  job.beta_im = 0;
  return job;
}

template <class T>
void Nufft<T>::load_tile(const Group& g, const Run& run, int64_t block, T* tile) const {
  const int64_t first = block * g.layout.block;
  const int64_t batch = std::min(g.layout.block, g.batches - first);
  const C* grid = g.plane(run.frame, g.batch + first, passes_.plane());
  if (!g.layout.is_row) {
    each_piece(run, [&](int64_t offset, int64_t cell, int64_t count) {
      spread_->load_cells(passes_.real(grid + offset), passes_.plane(), batch, count,
                          tile + 2 * spread_->lanes * cell);
    });
    return;
  }
  const std::array<int64_t, 3> extent = padded(run);
  const int64_t cells = extent[0] * extent[1] * extent[2];
  for (int64_t b = 0; b < batch; ++b) {
    T* one = tile + 2 * b * g.layout.tile_stride;
    each_piece(run, [&](int64_t offset, int64_t cell, int64_t count) {
      std::memcpy(one + 2 * cell, grid + b * passes_.plane() + offset,
                  static_cast<size_t>(count) * sizeof(C));
    });
    std::fill_n(one + 2 * cells, 2 * kMostWidth, T(0));
  }
}

template <class T>
void Nufft<T>::add_tile(const Group& g, const Run& run, int64_t block, const T* tile) const {
  const int64_t first = block * g.layout.block;
  const int64_t batch = std::min(g.layout.block, g.batches - first);
  C* grid = g.plane(run.frame, g.batch + first, passes_.plane());
  each_piece(run, [&](int64_t offset, int64_t cell, int64_t count) {
    if (!g.layout.is_row) {
      spread_->add_cells(tile + 2 * spread_->lanes * cell, count, passes_.real(grid + offset),
                         passes_.plane(), batch);
      return;
    }
    for (int64_t b = 0; b < batch; ++b) {
      passes_.lines().multiply_add(tile + 2 * (b * g.layout.tile_stride + cell), nullptr, false,
                                   nullptr, T(1), T(0),
                                   passes_.real(grid + b * passes_.plane() + offset), count);
    }
  });
}

template <class T>
void Nufft<T>::interpolate(const Group& g, RawView samples, c128 beta) const {
  const auto kernel =
      (g.layout.is_row ? spread_->interpolate_row
                       : spread_->interpolate_block)[parameters_.width - kLeastWidth];
  // Colours do not matter here, they are how the runs are listed: one loop over all of them.
  std::array<int64_t, 8> first{};
  std::array<int64_t, 9> before{};
  for (int colour = 0; colour < points_.colours; ++colour) {
    const auto c = static_cast<size_t>(colour);
    const size_t at = c * static_cast<size_t>(points_.frames) + static_cast<size_t>(g.frame);
    first[c] = points_.run_start[at];
    before[c + 1] = before[c] + points_.run_start[at + static_cast<size_t>(g.frames)] - first[c];
  }
  const auto colours = static_cast<size_t>(points_.colours);
  ThreadPool::process().run(before[colours] * g.blocks, g.share, [&](int64_t item, int worker) {
    const int64_t number = item / g.blocks;
    const int64_t block = item % g.blocks;
    size_t c = 0;
    while (before[c + 1] <= number) ++c;
    const Run& run = points_.runs[static_cast<size_t>(first[c] + number - before[c])];
    T* tile = reinterpret_cast<T*>(g.worker(worker));
    load_tile(g, run, block, tile);
    TileJob<T> job = job_of(g, run, block, samples, tile);
    job.has_beta = beta != 0.0;
    job.beta_re = T(beta.real());
    job.beta_im = T(beta.imag());
    kernel(job);
  });
}

template <class T>
void Nufft<T>::clear_missing(const Group& g, RawView samples, c128 beta) const {
  ThreadPool::process().run(g.frames * g.batches, g.share, [&](int64_t item, int) {
    const int64_t frame = g.frame + item / g.batches;
    C* row = element<C>(samples, frame, g.batch + item % g.batches);
    const int64_t first = counts_[static_cast<size_t>(frame)];
    if (beta == 0.0) {
      std::fill(row + first, row + spec_.points, C(0));
    } else {
      for (int64_t i = first; i < spec_.points; ++i) row[i] *= C(beta);
    }
  });
}

template <class T>
void Nufft<T>::spread(const Group& g, RawView samples) const {
  ThreadPool& pool = ThreadPool::process();
  const auto kernel = (g.layout.is_row ? spread_->spread_row
                                       : spread_->spread_block)[parameters_.width - kLeastWidth];
  const int64_t slabs = passes_.plane() / passes_.slab();
  pool.run(g.frames * g.batches * slabs, g.share, [&](int64_t item, int) {
    std::memset(static_cast<void*>(g.grid + item * passes_.slab()), 0,
                static_cast<size_t>(passes_.slab()) * sizeof(C));
  });
  const auto cut_buffer = [&](const Run& run, int64_t block) {
    return g.cuts +
           (((run.frame - g.frame) * g.blocks + block) * points_.slots + run.slot) * g.layout.tile;
  };
  // Tiles of one colour touch disjoint cells, and each cell receives its contributions in the order
  // of the colours: no locks, and the same bits for any number of threads.
  for (int colour = 0; colour < points_.colours; ++colour) {
    const auto at = static_cast<size_t>(colour * points_.frames + g.frame);
    const int64_t first = points_.run_start[at];
    const int64_t runs = points_.run_start[at + static_cast<size_t>(g.frames)] - first;
    pool.run(runs * g.blocks, g.share, [&](int64_t item, int worker) {
      const Run& run = points_.runs[static_cast<size_t>(first + item / g.blocks)];
      const int64_t block = item % g.blocks;
      const bool is_cut = run.slot >= 0;
      T* tile = is_cut ? cut_buffer(run, block) : reinterpret_cast<T*>(g.worker(worker));
      const std::array<int64_t, 3> extent = padded(run);
      const int64_t cells = extent[0] * extent[1] * extent[2];
      const int64_t reals = g.layout.is_row ? g.layout.tile : 2 * int64_t{spread_->lanes} * cells;
      std::fill_n(tile, reals, T(0));
      kernel(job_of(g, run, block, samples, tile));
      if (!is_cut) add_tile(g, run, block, tile);
    });
    const int64_t first_cut = points_.cut_start[at];
    const int64_t cuts = points_.cut_start[at + static_cast<size_t>(g.frames)] - first_cut;
    pool.run(cuts * g.blocks, g.share, [&](int64_t item, int) {
      const CutTile& cut = points_.cut_tiles[static_cast<size_t>(first_cut + item / g.blocks)];
      const int64_t block = item % g.blocks;
      for (int64_t r = cut.first; r < cut.last; ++r) {
        const Run& run = points_.runs[static_cast<size_t>(r)];
        add_tile(g, run, block, cut_buffer(run, block));
      }
    });
  }
}

template class Nufft<float>;
template class Nufft<double>;

size_t gridding_workspace(const NufftSpec& spec, int64_t batch, int threads) {
  if (spec.dtype == DType::c64) return Nufft<float>::expected_workspace(spec, batch, threads);
  return Nufft<double>::expected_workspace(spec, batch, threads);
}

std::shared_ptr<const NufftPoints> make_nufft(const NufftSpec& spec, Stream& stream) {
  if (spec.dtype == DType::c64) return std::make_shared<Nufft<float>>(spec, stream);
  return std::make_shared<Nufft<double>>(spec, stream);
}

}  // namespace lunops::cpu
