// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/nufft.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "runtime/backend/cuda/check.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/cuda/nufft_fft.hpp"
#include "runtime/backend/cuda/nufft_points.hpp"
#include "runtime/backend/cuda/nufft_runs.hpp"
#include "runtime/backend/cuda/planned.hpp"
#include "runtime/backend/nufft_order.hpp"
#include "runtime/device/held.hpp"
#include "runtime/plan/nufft/kaiser_bessel.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::cuda {

static_assert(kMostWidth == nufft::kMaxWidth);

namespace {

// Guesses all of them, to be measured on a GPU.
//
// Runs are short enough that a block ends soon, and no more than the buffers of cut tiles may take.
constexpr cpu::TileCuts kCuts = {512, 0, 4096};
// Grids of a group stay in half of an L2 of 50 MB, with room for samples and images.
constexpr int64_t kGroupBytes = int64_t{32} << 20;
constexpr int64_t kMostElements = 8;
// Kernel values of a chunk of points.
constexpr int64_t kValueBytes = int64_t{12} << 10;
constexpr int64_t kMostChunk = 128;
// Runs are shared by more blocks while fewer warps than this wait on a multiprocessor.
constexpr int64_t kWarpsWanted = 24;
constexpr int kMostParts = 8;
// What lists of the largest say of kept memory.
constexpr const char* kPoints = "sorted points";
constexpr const char* kTables = "tables of a NUFFT";

constexpr int64_t round_up(int64_t n, int64_t to) noexcept { return (n + to - 1) / to * to; }

// Dims as kernels count them: slowest first, leading ones of extent 1.
std::array<int64_t, 3> padded_dims(const int64_t* extents, size_t dims) {
  std::array<int64_t, 3> all = {1, 1, 1};
  std::copy_n(extents, dims, all.end() - static_cast<ptrdiff_t>(dims));
  return all;
}

template <class E>
std::vector<E> brought(const HeldArray<E>& there, const Stream& stream) {
  std::vector<E> here(static_cast<size_t>(there.size()));
  const cudaStream_t native = enter(stream);
  if (!here.empty()) {
    check(cudaMemcpyAsync(here.data(), there.data(), there.bytes(), cudaMemcpyDeviceToHost, native),
          "cudaMemcpyAsync");
  }
  check(cudaStreamSynchronize(native), "cudaStreamSynchronize");
  return here;
}

// The NUFFT of nufft.md §8.  T is the real type.
//
// Points are sorted on the GPU; the host makes the lists of their tiles.  Everything that kernels
// read lies on the GPU.
template <class T>
class Nufft final : public NufftPoints, public ShowsOrder {
 public:
  using C = std::complex<T>;

  Nufft(const NufftSpec& spec, const Stream& stream)
      : spec_(spec),
        dims_(static_cast<int>(spec.image.size())),
        parameters_(nufft::choose(spec)),
        image_(padded_dims(spec.image.data(), spec.image.size())),
        grid_(padded_dims(parameters_.grid.data(), spec.image.size())),
        shared_limit_(Gpu::at(stream.device().index).shared_bytes),
        multiprocessors_(Gpu::at(stream.device().index).multiprocessors),
        rates_(Gpu::at(stream.device().index).rates),
        fft_(image_, grid_, dims_, sizeof(T) == 8, spec.deterministic, stream) {
    make_kernel(stream);
    make_points(stream);
    if (spec.counts != nullptr) {
      counts_.assign(spec.counts, spec.counts + spec.frames);
      device_counts_ = held_copy(counts_, kPoints, stream);
    }
    spec_.coordinates = nullptr;
    spec_.counts = counts_.empty() ? nullptr : counts_.data();
    parameters_.bytes = points_.bytes() + runs_.bytes() + coloured_.bytes() + cuts_.bytes() +
                        polynomial_.bytes() + weight_x_.bytes() + weight_yz_.bytes() +
                        device_counts_.bytes();
  }

  const NufftParameters& parameters() const noexcept override { return parameters_; }
  size_t workspace(int64_t batch) const noexcept override {
    return bytes_of(layout_of(spec_, sizes_, batch));
  }
  static size_t expected_workspace(const NufftSpec& spec, int64_t batch, const Stream& stream) {
    const NufftParameters p = nufft::choose(spec);
    const auto dims = static_cast<ptrdiff_t>(spec.image.size());
    const int64_t frames = spec.deterministic ? 1 : spec.frames;
    const auto tiles = cpu::expected_tiles({p.grid.begin(), p.grid.begin() + dims}, p.width, frames,
                                           spec.points, kCuts);
    Sizes sizes;
    sizes.dims = static_cast<int>(dims);
    sizes.width = p.width;
    sizes.shared_limit = Gpu::at(stream.device().index).shared_bytes;
    const auto grid = padded_dims(p.grid.data(), spec.image.size());
    sizes.plane = grid[0] * grid[1] * grid[2];
    sizes.pitch = tiles.padded_cells | 1;
    sizes.is_direct = shared_bytes(sizes, 1, true) > sizes.shared_limit;
    if (spec.deterministic && !sizes.is_direct) {
      // Where all tiles are cut, runs are half full on average.
      const int64_t most = kCuts.most(0, frames * spec.points);
      sizes.slots = std::max(tiles.slots, 2 * frames * spec.points / most >> dims);
    }
    sizes.fft_bytes =
        GridFft::expected_workspace(padded_dims(spec.image.data(), spec.image.size()), grid,
                                    sizes.dims, sizeof(T) == 8, spec.deterministic, stream);
    return bytes_of(layout_of(spec, sizes, batch));
  }
  NufftCost cost(int64_t batch, bool is_adjoint) const noexcept override {
    return gridding_cost(spec_, parameters_, batch, is_adjoint, rates_);
  }

  void forward(RawView image,
               const NufftMaps& maps,
               bool conjugate,
               Scale s,
               RawView samples,
               std::byte* workspace,
               Stream& stream) const override {
    const int64_t batch = samples.extent[1];
    if (batch == 0 || spec_.frames == 0) return;
    each_group(batch, workspace, [&](const Group& g) {
      GridImages<T> images = images_of(g, image, maps, s.alpha);
      images_to_grids(images, stream);
      fft_.run(g.cells, g.frames * g.batches, conjugate ? 1 : -1, true, g.fft, stream);
      NufftJob<T> job = job_of(g, samples);
      job.has_beta = s.beta != 0.0;
      job.beta_re = static_cast<T>(s.beta.real());
      job.beta_im = static_cast<T>(s.beta.imag());
      const auto first = static_cast<size_t>(g.frame),
                 last = static_cast<size_t>(g.frame + g.frames);
      job.runs = runs_.data() + frame_runs_[first];
      const int64_t runs = frame_runs_[last] - frame_runs_[first];
      if (runs == 0) return;
      if (sizes_.is_direct) {
        interpolate_directly(job, dims_, runs, stream);
      } else {
        job.parts = parts_of(runs * job.blocks, interpolation_threads(job.elements, job.chunk));
        interpolate_tiles(job, dims_, runs, shared_bytes(sizes_, job.elements, false), stream);
      }
    });
    if (counts_.empty()) return;
    MissingPoints<T> missing{};
    missing.counts = device_counts_.data();
    missing.samples = static_cast<T*>(samples.data);
    missing.frames = spec_.frames;
    missing.batches = batch;
    missing.points = spec_.points;
    missing.frame_stride = samples.stride[0];
    missing.batch_stride = samples.stride[1];
    missing.has_beta = s.beta != 0.0;
    missing.beta_re = static_cast<T>(s.beta.real());
    missing.beta_im = static_cast<T>(s.beta.imag());
    clear_missing(missing, stream);
  }

  void adjoint(RawView samples,
               const NufftMaps& maps,
               bool conjugate,
               Scale s,
               RawView image,
               std::byte* workspace,
               Stream& stream) const override {
    const int64_t batch = samples.extent[1];
    if (batch == 0 || spec_.frames == 0) return;
    each_group(batch, workspace, [&](const Group& g) {
      check(cudaMemsetAsync(g.cells, 0,
                            static_cast<size_t>(g.frames * g.batches * sizes_.plane) * sizeof(C),
                            enter(stream)),
            "cudaMemsetAsync");
      spread(g, job_of(g, samples), stream);
      fft_.run(g.cells, g.frames * g.batches, conjugate ? -1 : 1, false, g.fft, stream);
      GridImages<T> images = images_of(g, image, maps, s.alpha);
      // Later groups of one sum add to what the first left.
      const c128 beta = maps.sum_batch && g.batch > 0 ? c128(1.0) : s.beta;
      images.has_beta = beta != 0.0;
      images.beta_re = static_cast<T>(beta.real());
      images.beta_im = static_cast<T>(beta.imag());
      grids_to_images(images, stream);
    });
  }

  NufftOrder order(const Stream& stream) const override {
    NufftOrder made;
    made.has_tiles = !sizes_.is_direct;
    const std::vector<T> z = brought(points_.z, stream);
    made.z.assign(z.begin(), z.end());
    const std::vector<uint16_t> cell = brought(points_.cell, stream);
    made.cell.assign(cell.begin(), cell.end());
    if (sizes_.is_direct) made.cell = brought(points_.left, stream);
    made.index = brought(points_.index, stream);
    for (const TileRun& run : brought(runs_, stream)) {
      made.runs.push_back({run.frame, run.begin, run.begin + run.count, run.slot});
    }
    return made;
  }

 private:
  // What layouts follow from.
  struct Sizes {
    int dims = 1, width = 1;
    bool is_direct = false;
    int64_t plane = 1;  // cells of a grid
    int64_t pitch = 1;  // of the tiles of a block, for the largest padded one
    int64_t slots = 0;  // buffers of cut tiles by frame and colour
    size_t shared_limit = 0;
    size_t fft_bytes = 0;
  };
  // How a batch is worked through: groups of frames and batch elements that share the grid memory.
  struct Layout {
    int64_t elements;  // of one block
    int64_t group_frames, group_batch;
    size_t cells, slots, fft;  // bytes
  };
  struct Group {
    Layout layout;
    int64_t frame, frames, batch, batches;
    T* cells;
    T* slots;
    std::byte* fft;
  };

  static int64_t chunk_of(const Sizes& s) noexcept {
    const int64_t per_point = s.dims * s.width * static_cast<int64_t>(sizeof(T));
    return std::clamp<int64_t>(kValueBytes / per_point / 8 * 8, 16, kMostChunk);
  }
  static size_t shared_bytes(const Sizes& s, int64_t elements, bool has_strengths) noexcept {
    const int64_t chunk = chunk_of(s);
    const int64_t complexes = elements * (s.pitch + (has_strengths ? chunk : 0));
    return static_cast<size_t>(complexes) * sizeof(C) +
           static_cast<size_t>(chunk) *
               (static_cast<size_t>(s.dims * s.width) * sizeof(T) + sizeof(int));
  }

  static Layout layout_of(const NufftSpec& spec, const Sizes& sizes, int64_t batch) noexcept {
    Layout l{};
    l.elements = 1;
    // As many as leave room for two blocks on a multiprocessor.
    const auto fits = [&](int64_t elements) {
      return sizes.is_direct || 2 * shared_bytes(sizes, elements, true) <= sizes.shared_limit;
    };
    const int64_t most = spec.forced.elements > 0 ? spec.forced.elements : kMostElements;
    while (2 * l.elements <= most && l.elements < batch && fits(2 * l.elements)) l.elements *= 2;
    const int64_t plane_bytes = sizes.plane * static_cast<int64_t>(sizeof(C));
    const int64_t wanted = spec.forced.group_bytes > 0 ? spec.forced.group_bytes : kGroupBytes;
    const auto room = [&](int64_t planes) {
      return std::max<int64_t>(1, wanted / std::max<int64_t>(1, plane_bytes * planes));
    };
    l.group_batch = std::min(batch, l.elements);
    l.group_frames = std::min(spec.frames, room(std::max<int64_t>(1, l.group_batch)));
    if (l.group_frames == spec.frames) {
      l.group_batch =
          std::min(batch, l.elements * room(l.elements * std::max<int64_t>(1, spec.frames)));
    }
    // Groups of nearly equal size.
    if (l.group_batch > 0) {
      const int64_t groups = (batch + l.group_batch - 1) / l.group_batch;
      l.group_batch = std::min(batch, round_up((batch + groups - 1) / groups, l.elements));
    }
    const int64_t blocks = (l.group_batch + l.elements - 1) / l.elements;
    l.cells = static_cast<size_t>(l.group_frames * l.group_batch) *
              static_cast<size_t>(round_up(plane_bytes, 256));
    l.slots = static_cast<size_t>(round_up(l.group_frames * blocks * sizes.slots * l.elements *
                                               sizes.pitch * static_cast<int64_t>(sizeof(C)),
                                           256));
    l.fft = sizes.fft_bytes;
    return l;
  }
  static size_t bytes_of(const Layout& l) noexcept { return l.cells + l.slots + l.fft; }

  template <class F>
  void each_group(int64_t batch, std::byte* workspace, const F& f) const {
    Group g{};
    g.layout = layout_of(spec_, sizes_, batch);
    g.cells = reinterpret_cast<T*>(workspace);
    g.slots = reinterpret_cast<T*>(workspace + g.layout.cells);
    g.fft = workspace + g.layout.cells + g.layout.slots;
    for (g.frame = 0; g.frame < spec_.frames; g.frame += g.layout.group_frames) {
      g.frames = std::min(g.layout.group_frames, spec_.frames - g.frame);
      for (g.batch = 0; g.batch < batch; g.batch += g.layout.group_batch) {
        g.batches = std::min(g.layout.group_batch, batch - g.batch);
        f(g);
      }
    }
  }

  NufftJob<T> job_of(const Group& g, const RawView& samples) const {
    NufftJob<T> job;
    job.z = points_.z.data();
    job.cell = points_.cell.data();
    job.left = points_.left.data();
    job.index = points_.index.data();
    job.polynomial = polynomial_.data();
    std::copy(degree_.begin(), degree_.end(), job.degree);
    job.width = parameters_.width;
    std::copy(grid_.begin(), grid_.end(), job.grid);
    job.plane = sizes_.plane;
    job.cells = g.cells;
    job.frame = static_cast<int>(g.frame);
    job.batches = static_cast<int>(g.batches);
    job.samples = reinterpret_cast<T*>(static_cast<C*>(samples.data) + g.batch * samples.stride[1]);
    job.frame_stride = samples.stride[0];
    job.batch_stride = samples.stride[1];
    job.elements = static_cast<int>(g.layout.elements);
    job.blocks = static_cast<int>((g.batches + g.layout.elements - 1) / g.layout.elements);
    job.chunk = static_cast<int>(chunk_of(sizes_));
    job.pitch = sizes_.pitch;
    job.slots = g.slots;
    job.slot_count = sizes_.slots;
    // A warp for an element's stencil, more where few elements fit into a block.  Three quarters of
    // the lanes or more have a cell.
    int64_t stencil = 1;
    for (int d = 0; d < dims_; ++d) stencil *= parameters_.width;
    int64_t lanes = 1;
    while (4 * lanes < 3 * stencil && lanes * job.elements < kTileThreads) lanes *= 2;
    job.lanes = static_cast<int>(std::max<int64_t>(lanes, 32 / std::min(job.elements, 32)));
    return job;
  }

  int parts_of(int64_t blocks, int threads) const noexcept {
    const int64_t warps = blocks * threads / 32;
    return static_cast<int>(std::clamp<int64_t>(
        kWarpsWanted * multiprocessors_ / std::max<int64_t>(warps, 1), 1, kMostParts));
  }

  void spread(const Group& g, NufftJob<T> job, const Stream& stream) const {
    const auto first = static_cast<size_t>(g.frame), last = static_cast<size_t>(g.frame + g.frames);
    const size_t shared = shared_bytes(sizes_, job.elements, true);
    if (!spec_.deterministic) {
      job.runs = runs_.data() + frame_runs_[first];
      const int64_t runs = frame_runs_[last] - frame_runs_[first];
      if (runs == 0) return;
      if (sizes_.is_direct) {
        spread_directly(job, dims_, runs, true, stream);
      } else {
        job.parts = parts_of(runs * job.blocks, job.elements * job.lanes);
        spread_tiles(job, dims_, runs, shared, true, stream);
      }
      return;
    }
    // Tiles of one colour touch disjoint cells, and each cell receives its contributions in the
    // order of the colours.
    const auto frames = static_cast<size_t>(spec_.frames);
    for (size_t at = first; at < colour_runs_.size() - 1; at += frames) {
      const size_t end = at + last - first;
      const int64_t runs = colour_runs_[end] - colour_runs_[at];
      if (runs == 0) continue;
      job.runs = coloured_.data() + colour_runs_[at];
      if (sizes_.is_direct) {
        spread_directly(job, dims_, runs, false, stream);
        continue;
      }
      spread_tiles(job, dims_, runs, shared, false, stream);
      const int64_t cuts = colour_cuts_[end] - colour_cuts_[at];
      if (cuts == 0) continue;
      job.runs = coloured_.data();
      job.cuts = cuts_.data() + colour_cuts_[at];
      add_cuts(job, cuts, stream);
    }
  }

  GridImages<T> images_of(const Group& g,
                          const RawView& image,
                          const NufftMaps& maps,
                          c128 alpha) const {
    GridImages<T> made;
    std::copy(image_.begin(), image_.end(), made.image);
    std::copy(grid_.begin(), grid_.end(), made.grid);
    made.frame_stride = image.stride[0];
    made.batch_stride = maps.sum_batch ? 0 : image.stride[1];
    made.x = reinterpret_cast<T*>(static_cast<C*>(image.data) + g.frame * made.frame_stride +
                                  g.batch * made.batch_stride);
    const auto lead = static_cast<size_t>(3 - dims_);
    for (size_t d = lead; d < 3; ++d) made.stride[d] = image.stride[2 + d - lead];
    if (maps.maps.data != nullptr) {
      made.map_batch = maps.maps.stride[0];
      made.map = reinterpret_cast<const T*>(static_cast<const C*>(maps.maps.data) +
                                            g.batch * made.map_batch);
      for (size_t d = lead; d < 3; ++d) made.map_stride[d] = maps.maps.stride[1 + d - lead];
    }
    made.weight_x = weight_x_.data();
    if (dims_ > 1) made.weight_y = weight_yz_.data() + weight_y_at_;
    if (dims_ > 2) made.weight_z = weight_yz_.data();
    made.alpha_re = alpha.real();
    made.alpha_im = alpha.imag();
    made.cells = g.cells;
    made.frames = g.frames;
    made.batches = g.batches;
    made.sum_batch = maps.sum_batch;
    return made;
  }

  // Polynomials and correction, as the cpu backend makes them.
  void make_kernel(const Stream& stream) {
    std::vector<T> polynomial(static_cast<size_t>(dims_ * kPowers * kMostWidth), T(0));
    std::vector<double> weight_yz;
    double pixels = 1;
    for (const int64_t n : spec_.image) pixels *= static_cast<double>(n);
    for (int d = 0; d < dims_; ++d) {
      const auto at = static_cast<size_t>(d);
      const bool is_last = d + 1 == dims_;
      const double scale = is_last ? 1.0 / std::sqrt(pixels) : 1.0;
      std::vector<double> weight(static_cast<size_t>(spec_.image[at]), scale);
      T* table = polynomial.data() + d * kPowers * kMostWidth;
      if (spec_.is_nearest) {
        // One cell of value 1, and nothing to correct.
        *table = T(1);
      } else {
        const nufft::KaiserBessel kernel = nufft::kernel_of(parameters_, d);
        const nufft::StencilPolynomials p =
            nufft::fit_stencil(kernel, nufft::stencil_fit(kernel, parameters_.oversamp[at]));
        degree_[at] = p.degree;
        std::copy(p.coefficient.begin(), p.coefficient.end(), table);
        weight = nufft::correction(kernel, spec_.image[at], parameters_.grid[at], scale);
      }
      if (is_last) {
        weight_x_ = held_copy(std::vector<T>(weight.begin(), weight.end()), kTables, stream);
      } else {
        weight_y_at_ = static_cast<int64_t>(weight_yz.size());
        weight_yz.insert(weight_yz.end(), weight.begin(), weight.end());
      }
    }
    polynomial_ = held_copy(polynomial, kTables, stream);
    weight_yz_ = held_copy(weight_yz, kTables, stream);
  }

  void make_points(const Stream& stream) {
    PointSort sort(spec_, parameters_, kCuts, stream);
    const cpu::TileOrder& order = sort.order();
    sizes_.dims = dims_;
    sizes_.width = parameters_.width;
    sizes_.shared_limit = shared_limit_;
    sizes_.plane = grid_[0] * grid_[1] * grid_[2];
    sizes_.fft_bytes = fft_.workspace();
    int64_t largest = 1;
    for (size_t d = static_cast<size_t>(3 - dims_); d < 3; ++d) {
      largest *= order.tiles[d].longest() + parameters_.width - 1;
    }
    sizes_.pitch = largest | 1;
    std::vector<TileRun> runs = runs_of(order, parameters_.width);
    int64_t tile_cells = 0;
    for (const TileRun& run : runs) {
      tile_cells += int64_t{run.side[0]} * run.side[1] * run.side[2];
    }
    sizes_.is_direct = is_direct(sort.points(), tile_cells);
    points_ = sort.take<T>(sizes_.is_direct, stream);

    RunLists lists = run_lists(spec_, order, std::move(runs), sizes_.is_direct);
    sizes_.slots = lists.slots;
    runs_ = held_copy(lists.by_frame, kPoints, stream);
    coloured_ = held_copy(lists.coloured, kPoints, stream);
    cuts_ = held_copy(lists.cuts, kPoints, stream);
    frame_runs_ = std::move(lists.frame_runs);
    colour_runs_ = std::move(lists.colour_runs);
    colour_cuts_ = std::move(lists.colour_cuts);
    // What sorting took is given back now, and may be taken by other streams.
    check(cudaStreamSynchronize(enter(stream)), "cudaStreamSynchronize");
  }

  // Where a tile does not fit into shared memory, or stencils have fewer cells than the tiles that
  // they would pass through; a cell that is reached directly is taken to cost twice one of a tile.
  // Deterministic sums need tiles as long as these fit.
  bool is_direct(int64_t points, int64_t tile_cells) const {
    if (shared_bytes(sizes_, 1, true) > shared_limit_) return true;
    if (spec_.deterministic) return spec_.forced.method == NufftSpec::Forced::Method::direct;
    if (spec_.forced.method != NufftSpec::Forced::Method::choose) {
      return spec_.forced.method == NufftSpec::Forced::Method::direct;
    }
    int64_t stencil = 2;
    for (int d = 0; d < dims_; ++d) stencil *= parameters_.width;
    return points * stencil < tile_cells;
  }

  NufftSpec spec_;  // without coordinates
  int dims_;
  std::vector<int64_t> counts_;  // empty: all points exist
  NufftParameters parameters_;
  std::array<int64_t, 3> image_, grid_;
  size_t shared_limit_;
  int multiprocessors_;
  GpuRates rates_;
  GridFft fft_;
  std::array<int, 3> degree_ = {0, 0, 0};
  Sizes sizes_;

  SortedPoints<T> points_;
  HeldArray<T> polynomial_, weight_x_;
  HeldArray<double> weight_yz_;  // of the slow dim, then of the middle one
  int64_t weight_y_at_ = 0;
  HeldArray<int64_t> device_counts_;
  HeldArray<TileRun> runs_;           // by frame
  std::vector<int64_t> frame_runs_;   // {frames + 1} into `runs_`
  HeldArray<TileRun> coloured_;       // by colour, then frame; of deterministic ones
  std::vector<int64_t> colour_runs_;  // {colours * frames + 1} into `coloured_`
  HeldArray<CutRuns> cuts_;           // in the same order
  std::vector<int64_t> colour_cuts_;  // {colours * frames + 1} into `cuts_`
};

}  // namespace

std::shared_ptr<const NufftPoints> make_nufft(const NufftSpec& spec, Stream& stream) {
  if (spec.dtype == DType::c64) return std::make_shared<Nufft<float>>(spec, stream);
  return std::make_shared<Nufft<double>>(spec, stream);
}

size_t gridding_workspace(const NufftSpec& spec, int64_t batch, const Stream& stream) {
  if (spec.dtype == DType::c64) {
    return Nufft<float>::expected_workspace(spec, batch, stream);
  }
  return Nufft<double>::expected_workspace(spec, batch, stream);
}

}  // namespace lunops::cuda
