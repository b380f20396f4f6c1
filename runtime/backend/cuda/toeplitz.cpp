// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>
#include <optional>
#include <set>
#include <vector>

#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/cuda/line_plan.hpp"
#include "runtime/backend/cuda/planned.hpp"
#include "runtime/backend/cuda/toeplitz_passes.hpp"
#include "runtime/backend/cuda/toeplitz_spectra.hpp"
#include "runtime/device/held.hpp"
#include "runtime/plan/nufft/cost.hpp"

namespace lunops::cuda {

namespace {

// Images whose planes fill this much are in work together, and so many lines along the slowest of
// three dims: what should stay in the second cache of an H100 (50 MB) from one pass to the next.  A
// guess; to be measured.
constexpr int64_t kGroupBytes = int64_t{24} << 20;

int64_t group_bytes(const ToeplitzSpec& spec) noexcept {
  return spec.nufft.forced.group_bytes > 0 ? spec.nufft.forced.group_bytes : kGroupBytes;
}

constexpr int64_t round_up(int64_t bytes) noexcept { return (bytes + 255) / 256 * 256; }

// Both forms of nufft.md §6 as this backend runs them.  Embedded: one term, on a grid of at least
// 2 N - 1.  Decomposed: 2^d terms on the grid N, term b with phases exp(-i pi b n / N) and the
// spectrum P[2q + b].  The embedded form moves a third of the bytes, so it is the one chosen.
struct Shape {
  int rank;
  bool is_embedded;
  int image[3] = {1, 1, 1}, grid[3] = {1, 1, 1};  // of z, y, x
  std::array<int64_t, 3> spectrum = {1, 1, 1};    // extents of P, slowest first
  int terms;
  int64_t pixels = 1, cells = 1;  // of an image, of a term

  explicit Shape(const ToeplitzSpec& spec)
      : rank(static_cast<int>(spec.nufft.image.size())),
        is_embedded(spec.form != ToeplitzSpec::Form::decomposed),
        terms(is_embedded ? 1 : 1 << rank) {
    const std::vector<int64_t>& n = spec.nufft.image;
    for (const int64_t extent : n) pixels *= extent;
    if (pixels == 0) return;
    const std::array<int64_t, 3> embedding = nufft::embedding_grid(n);
    for (size_t i = 0; i < n.size(); ++i) {
      const size_t d = i + 3 - n.size();
      image[d] = static_cast<int>(n[i]);
      spectrum[i] = is_embedded ? embedding[i] : 2 * n[i];
      grid[d] = static_cast<int>(is_embedded ? embedding[i] : n[i]);
      cells *= grid[d];
    }
  }
  int64_t plane() const noexcept { return int64_t{grid[1]} * image[0] * grid[2]; }

  // The rows of one term among those of P.
  ToeplitzPart part(int term) const noexcept {
    ToeplitzPart p{{1, 1, 1}, {0, 0, 0}, {1, 1, 1}, is_embedded ? 1 : 2};
    for (int d = 3 - rank; d < 3; ++d) {
      p.extent[d] = grid[d];
      p.offset[d] = bit(term, d) ? 1 : 0;
      p.grid[d] = spectrum[static_cast<size_t>(d - (3 - rank))];
    }
    return p;
  }
  // b_d of a term for dim d of z, y, x.
  static bool bit(int term, int d) noexcept { return ((term >> (2 - d)) & 1) != 0; }
};

// How frames and batch elements are cut into groups of nearly one size: `frames` and `batches`
// count the parts.
struct Cuts {
  int64_t frames = 1, batches = 1;
};

Cuts cuts_of(const ToeplitzSpec& spec, const Shape& shape, int64_t batch) noexcept {
  const int64_t plane = shape.plane() * static_cast<int64_t>(size_of(spec.nufft.dtype));
  const int64_t room = group_bytes(spec);
  // What cuFFT does for many lines may differ from what it does for few: images one by one do not
  // depend on others.
  const int64_t most =
      spec.nufft.deterministic ? 1 : std::max<int64_t>(1, room / std::max<int64_t>(plane, 1));
  const auto parts = [](int64_t count, int64_t at_once) {
    return std::max<int64_t>(1, (count + at_once - 1) / at_once);
  };
  const int64_t frames = spec.image_frames();
  if (spec.matrix > 0) return {1, parts(batch, std::max<int64_t>(1, most / spec.matrix))};
  if (batch >= most) return {frames, parts(batch, most)};
  return {parts(frames, most / std::max<int64_t>(batch, 1)), 1};
}

// Grid rows whose lines along z are in work together.
int columns_of(const ToeplitzSpec& spec, const Shape& shape, int64_t images) noexcept {
  const int64_t row =
      images * shape.grid[0] * shape.grid[2] * static_cast<int64_t>(size_of(spec.nufft.dtype));
  const int64_t most =
      std::clamp<int64_t>(group_bytes(spec) / std::max<int64_t>(row, 1), 1, shape.grid[1]);
  const int64_t parts = (shape.grid[1] + most - 1) / most;
  return static_cast<int>((shape.grid[1] + parts - 1) / parts);
}

// How many images the largest and the smallest groups have: there are no others.
std::array<int64_t, 2> image_counts(const ToeplitzSpec& spec, const Cuts& cuts, int64_t batch) {
  const int64_t frames = spec.image_frames();
  return {((frames + cuts.frames - 1) / cuts.frames) * ((batch + cuts.batches - 1) / cuts.batches),
          (frames / cuts.frames) * (batch / cuts.batches)};
}

// Bytes of the planes of a group, and of lines along z.
struct Room {
  int64_t planes = 0, lines = 0;
  Room(const ToeplitzSpec& spec, const Shape& shape, const Cuts& cuts, int64_t batch) {
    const auto element = static_cast<int64_t>(size_of(spec.nufft.dtype));
    for (const int64_t images : image_counts(spec, cuts, batch)) {
      planes = std::max(planes, round_up(images * shape.plane() * element));
      if (shape.rank < 3 || images == 0) continue;
      const int64_t columns = columns_of(spec, shape, images);
      lines = std::max(lines, round_up(columns * images * shape.grid[0] * shape.grid[2] * element));
    }
  }
};

// The transforms along z, y, x of so many images, in the layout of ToeplitzGroup.
std::array<Lines, 3> lines_of(const ToeplitzSpec& spec, const Shape& shape, int64_t images) {
  const bool is_double = spec.nufft.dtype == DType::c128;
  const Lines none{{}, 1, 1, 0, is_double};
  std::array<Lines, 3> of = {none, none, none};
  const int64_t width = shape.grid[2];
  const int64_t across = images * shape.image[0] * width;  // from one y to the next
  of[2] = {{width}, 1, width, images * shape.image[0] * shape.image[1], is_double};
  if (shape.rank > 1) of[1] = {{shape.grid[1]}, across, 1, across, is_double};
  if (shape.rank > 2) {
    const int64_t together = columns_of(spec, shape, images) * images * width;
    of[0] = {{shape.grid[0]}, together, 1, together, is_double};
  }
  return of;
}

// The plans for them.
struct Plans {
  LinePlan of[3];  // z, y, x
  int columns = 0;
  size_t work_bytes = 0;

  Plans(const ToeplitzSpec& spec, const Shape& shape, int64_t images, const Stream& stream) {
    const std::array<Lines, 3> lines = lines_of(spec, shape, images);
    for (size_t d = 0; d < 3; ++d) of[d] = LinePlan(lines[d], stream);
    if (shape.rank > 2) columns = columns_of(spec, shape, images);
    for (const LinePlan& plan : of) work_bytes = std::max(work_bytes, plan.work_bytes());
  }
};

class Toeplitz final : public ToeplitzKernel {
 public:
  Toeplitz(const ToeplitzSpec& spec, Stream& stream)
      : spec_(spec), shape_(spec), stream_(stream), is_real_(spec.is_real()) {
    if (shape_.pixels > 0) {
      keep_spectra(stream);
      if (!shape_.is_embedded) make_phases(stream);
      if (spec.matrix > 0) make_entries(stream);
    }
    spec_.nufft.coordinates = nullptr;
    spec_.nufft.counts = nullptr;
    spec_.weights_real = nullptr;
    spec_.weights_imag = nullptr;
    spec_.fill = nullptr;
  }

  size_t bytes() const noexcept override { return spectra_.bytes(); }
  bool is_real() const noexcept override { return is_real_; }
  bool is_embedded() const noexcept override { return shape_.is_embedded; }
  std::array<int64_t, 3> grid() const noexcept override { return shape_.spectrum; }

  // Makes the plans of this batch too, so that the first application finds them.
  size_t workspace(int64_t batch) const noexcept override {
    if (shape_.pixels * batch * spec_.image_frames() == 0) return 0;
    const std::lock_guard lock(mutex_);
    const Cuts cuts = cuts_of(spec_, shape_, batch);
    const Room room(spec_, shape_, cuts, batch);
    size_t work = 0;
    for (const int64_t images : image_counts(spec_, cuts, batch)) {
      if (images == 0) continue;
      try {
        work = std::max(work, plans_for(images).work_bytes);
      } catch (const std::exception&) {
        // The application tries again, where an error can be told.  Its workspace has no room then.
        without_room_.insert(images);
      }
    }
    return static_cast<size_t>(room.planes + room.lines) + work;
  }
  NufftCost cost(int64_t batch) const noexcept override {
    return toeplitz_cost(spec_, batch, !is_real_, Gpu::at(stream_.device().index).rates);
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
    if (shape_.pixels * spec_.image_frames() == 0) return;
    if (batch == 0 || s.alpha == 0.0) {
      const ToeplitzGroup all = group({1, 1}, 0, 0, batch);
      return store_images(all, nullptr, maps, {}, s, false, y, stream);
    }
    const Run r{conjugate, adjoint, conjugate ? 1 : -1, workspace, stream, enter(stream)};
    const Cuts cuts = cuts_of(spec_, shape_, batch);
    const Room room(spec_, shape_, cuts, batch);
    std::byte* const lines = workspace + room.planes;
    std::byte* const work = lines + room.lines;
    // Plans keep their stream and work area.
    const std::lock_guard lock(mutex_);
    // Terms outermost: the order of a sum over the batch does not depend on the groups.
    for (int term = 0; term < shape_.terms; ++term) {
      const ToeplitzPhases forth = phases(term, conjugate), back = phases(term, !conjugate);
      for (int64_t f = 0; f < cuts.frames; ++f) {
        for (int64_t b = 0; b < cuts.batches; ++b) {
          const ToeplitzGroup g = group(cuts, f, b, batch);
          if (g.images() == 0) continue;
          load_images(g, x, maps, forth, workspace, stream);
          transform(g, term, r, lines, work);
          store_images(g, workspace, maps, back, s, term > 0 || (maps.sum_batch && g.batch > 0), y,
                       stream);
        }
      }
    }
  }

 private:
  struct Run {
    bool conjugate, adjoint;
    int sign;
    std::byte* planes;
    Stream& stream;
    cudaStream_t native;
  };

  DType dtype() const noexcept { return spec_.nufft.dtype; }

  // Part f, b of the cuts.
  ToeplitzGroup group(const Cuts& cuts, int64_t f, int64_t b, int64_t batch) const noexcept {
    ToeplitzGroup g{};
    std::copy(shape_.image, shape_.image + 3, g.image);
    std::copy(shape_.grid, shape_.grid + 3, g.grid);
    const int64_t frames = spec_.image_frames();
    g.frame = frames * f / cuts.frames;
    g.frames = static_cast<int>(frames * (f + 1) / cuts.frames - g.frame);
    g.batch = batch * b / cuts.batches;
    g.batches = static_cast<int>(batch * (b + 1) / cuts.batches - g.batch);
    return g;
  }

  const Plans& plans_for(int64_t images) const {
    const auto known = plans_.find(images);
    if (known != plans_.end()) return *known->second;
    // Making room for them may run code of the user, which may come here for the same.
    auto made = std::make_unique<Plans>(spec_, shape_, images, stream_);
    return *plans_.emplace(images, std::move(made)).first->second;
  }

  // The planes of a group, there and back.
  void transform(
      const ToeplitzGroup& g, int term, const Run& r, std::byte* lines, std::byte* work) const {
    const Plans& plans = plans_for(g.images());
    std::optional<Scratch> own;
    if (without_room_.count(g.images()) != 0) {
      own.emplace(plans.work_bytes, r.stream);
      work = own->as<std::byte>();
    }
    plans.of[2].run(r.planes, r.sign, work, r.native);
    plans.of[1].run(r.planes, r.sign, work, r.native);
    const ToeplitzSpectrum spectrum = spectrum_of(term, r);
    if (shape_.rank < 3) {
      multiply_spectrum(g, {0, shape_.grid[1]}, spectrum, dtype(), r.planes, r.stream);
    } else {
      for (int y = 0; y < shape_.grid[1]; y += plans.columns) {
        const ToeplitzColumns columns{y, plans.columns};
        gather_columns(g, columns, dtype(), r.planes, lines, r.stream);
        plans.of[0].run(lines, r.sign, work, r.native);
        multiply_spectrum(g, columns, spectrum, dtype(), lines, r.stream);
        plans.of[0].run(lines, -r.sign, work, r.native);
        scatter_columns(g, columns, dtype(), lines, r.planes, r.stream);
      }
    }
    plans.of[1].run(r.planes, -r.sign, work, r.native);
    plans.of[2].run(r.planes, -r.sign, work, r.native);
  }

  // Elements of the spectra are kept as {kernels, frames with a kernel each, terms, cells}.
  int64_t element_bytes() const noexcept {
    return static_cast<int64_t>(size_of(is_real_ ? real_of(dtype()) : dtype()));
  }
  ToeplitzSpectrum spectrum_of(int term, const Run& r) const noexcept {
    const int64_t frame = shape_.terms * shape_.cells;
    const int64_t kernel = spec_.kernel_frames() * frame;
    ToeplitzSpectrum made{};
    made.data = spectra_.data() + term * shape_.cells * element_bytes();
    made.is_real = is_real_;
    made.conjugate = r.conjugate != r.adjoint;
    made.by_kernel = spec_.kernels > 1 ? kernel : 0;
    made.by_frame = spec_.kernel_frames() > 1 ? frame : 0;
    made.matrix = static_cast<int>(spec_.matrix);
    if (spec_.matrix > 0) {
      made.entries = entries_.data() +
                     ((r.conjugate ? 2 : 0) + (r.adjoint ? 1 : 0)) * spec_.matrix * spec_.matrix;
    }
    return made;
  }

  void keep_spectra(Stream& stream) {
    const int64_t frames = spec_.kernel_frames();
    const int64_t bytes = shape_.cells * element_bytes();
    spectra_ = HeldArray<std::byte>(spec_.kernels * frames * shape_.terms * bytes,
                                    "Toeplitz kernel", stream);
    if (spec_.kernels * frames == 0) return;
    ToeplitzSpectra made(spec_, shape_.spectrum, stream);
    std::byte* to = spectra_.data();
    for (int64_t k = 0; k < spec_.kernels; ++k) {
      for (int64_t f = 0; f < frames; ++f) {
        const c128* const spectrum = made.make(k, f);
        for (int term = 0; term < shape_.terms; ++term, to += bytes) {
          keep_spectrum(shape_.part(term), spectrum, is_real_ ? real_of(dtype()) : dtype(), to,
                        stream);
        }
      }
    }
  }

  void make_phases(Stream& stream) {
    std::vector<c128> all;
    for (int d = 0; d < 3; ++d) {
      const int n = shape_.image[d];
      for (int i = 0; i < n; ++i) all.push_back(std::polar(1.0, -std::numbers::pi * i / n));
    }
    if (dtype() == DType::c64) {
      phases_single_ =
          held_copy(std::vector<c64>(all.begin(), all.end()), "Toeplitz phases", stream);
    } else {
      phases_double_ = held_copy(all, "Toeplitz phases", stream);
    }
  }
  ToeplitzPhases phases(int term, bool conjugate) const noexcept {
    ToeplitzPhases made;
    made.conjugate = conjugate;
    int64_t at = 0;
    for (int d = 0; d < 3; ++d) {
      if (!shape_.is_embedded && Shape::bit(term, d)) {
        made.of[d] = dtype() == DType::c64 ? static_cast<const void*>(phases_single_.data() + at)
                                           : static_cast<const void*>(phases_double_.data() + at);
      }
      at += shape_.image[d];
    }
    return made;
  }

  // matrix_entry for all pairs, by conjugate and adjoint.
  void make_entries(Stream& stream) {
    std::vector<int32_t> entries;
    for (const bool conjugate : {false, true}) {
      for (const bool adjoint : {false, true}) {
        for (int64_t a = 0; a < spec_.matrix; ++a) {
          for (int64_t b = 0; b < spec_.matrix; ++b) {
            const MatrixEntry e =
                matrix_entry(spec_.matrix, spec_.is_hermitian, conjugate, adjoint, a, b);
            entries.push_back(static_cast<int32_t>(2 * e.kernel + (e.conjugate ? 1 : 0)));
          }
        }
      }
    }
    entries_ = held_copy(entries, "Toeplitz matrix", stream);
  }

  ToeplitzSpec spec_;  // without coordinates and weights
  Shape shape_;
  Stream stream_;  // that of the plan, for whose account memory is looked for
  bool is_real_;
  HeldArray<std::byte> spectra_;
  HeldArray<c64> phases_single_;  // of z, y, x
  HeldArray<c128> phases_double_;
  HeldArray<int32_t> entries_;  // {conjugate, adjoint, output, input}
  // Not held twice, but for code of the user that runs while room is made for plans.
  mutable std::recursive_mutex mutex_;
  mutable std::map<int64_t, std::unique_ptr<const Plans>> plans_;  // by number of images
  mutable std::set<int64_t> without_room_;  // numbers of images: a workspace lacks the work area
};

}  // namespace

NufftCost toeplitz_cost(const ToeplitzSpec& spec,
                        int64_t batch,
                        bool complex_weights,
                        const GpuRates& rates) {
  const Shape shape(spec);
  NufftCost sum;
  const auto images = static_cast<double>(batch * spec.image_frames());
  if (shape.pixels == 0 || images == 0) return sum;
  const auto element = static_cast<double>(size_of(spec.nufft.dtype));
  const auto pass = [](int64_t extent, double elements) {
    return 5.0 * elements * std::log2(std::max<double>(2.0, static_cast<double>(extent)));
  };
  const double rows = static_cast<double>(shape.image[0]) * shape.image[1] * shape.grid[2];
  const auto plane = static_cast<double>(shape.plane());
  const auto cells = static_cast<double>(shape.cells);
  const auto pixels = static_cast<double>(shape.pixels);
  const double spectrum = cells * (complex_weights ? 1.0 : 0.5) *
                          static_cast<double>(std::max<int64_t>(spec.matrix, 1));
  // Elements of one image and term: read with maps and written to planes; transforms there and
  // back; the product; pixels, with maps and what is in them.
  double elements = 2 * pixels + plane + 4 * rows + 2 * cells + spectrum + 4 * pixels;
  double flops = 2 * pass(shape.grid[2], rows) +
                 6 * cells * static_cast<double>(std::max<int64_t>(spec.matrix, 1));
  if (shape.rank > 1) {
    elements += 4 * plane;
    flops += 2 * pass(shape.grid[1], plane);
  }
  // Lines along z stay in the second cache between gathering and scattering.
  if (shape.rank > 2) {
    elements += 2 * plane - 2 * cells;
    flops += 2 * pass(shape.grid[0], cells);
  }
  const Cuts cuts = cuts_of(spec, shape, batch);
  const double groups = static_cast<double>(cuts.frames * cuts.batches) * shape.terms;
  double passes = shape.rank == 1 ? 5 : 7;
  if (shape.rank == 3) {
    const int columns = columns_of(spec, shape, image_counts(spec, cuts, batch)[0]);
    passes += 5.0 * ((shape.grid[1] + columns - 1) / columns) - 1;
  }
  sum.flops = flops * images * shape.terms;
  sum.bytes = elements * element * images * shape.terms;
  sum.seconds = std::max(sum.bytes / rates.bytes, groups * passes * rates.launch);
  return sum;
}

Backend::NufftBytes toeplitz_bytes(const ToeplitzSpec& spec,
                                   bool complex_weights,
                                   int64_t batch,
                                   const Stream& stream) {
  const Shape shape(spec);
  Backend::NufftBytes made;
  if (shape.pixels == 0) return made;
  const Cuts cuts = cuts_of(spec, shape, batch);
  const Room room(spec, shape, cuts, batch);
  size_t work = 0;
  for (const int64_t images : image_counts(spec, cuts, batch)) {
    if (images == 0) continue;
    for (const Lines& lines : lines_of(spec, shape, images)) {
      work = std::max(work, work_bytes_of(lines, stream));
    }
  }
  made.toeplitz = static_cast<size_t>(room.planes + room.lines) + work;
  made.kernel =
      static_cast<size_t>(spec.kernels * spec.kernel_frames() * shape.terms * shape.cells) *
      size_of(complex_weights ? spec.nufft.dtype : real_of(spec.nufft.dtype));
  made.building = ToeplitzSpectra::expected_bytes(spec, complex_weights, shape.spectrum);
  made.building +=
      gridding_workspace(ToeplitzSpectra::points_spec(spec),
                         ToeplitzSpectra::images_at_once(spec, complex_weights), stream);
  return made;
}

std::shared_ptr<const ToeplitzKernel> make_toeplitz(const ToeplitzSpec& spec, Stream& stream) {
  return std::make_shared<Toeplitz>(spec, stream);
}

}  // namespace lunops::cuda
