// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/toeplitz_spectra.hpp"

#include <algorithm>
#include <vector>

#include "runtime/backend/backend.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/cuda/line_plan.hpp"
#include "runtime/device/held.hpp"
#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/nearest.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::cuda {

namespace {

// Blocks c_s that are spread together.
constexpr int64_t kBlocksAtOnce = 4;

// Blocks with s = 0 in the slowest dim come first; the others are their mirror for real weights.
int64_t blocks_of(int64_t dims, bool is_real) noexcept {
  return int64_t{1} << (is_real ? dims - 1 : dims);
}

std::vector<int64_t> extents_of(const std::array<int64_t, 3>& grid, size_t dims) {
  return {grid.begin(), grid.begin() + static_cast<std::ptrdiff_t>(dims)};
}

int64_t product(const std::vector<int64_t>& extents) noexcept {
  int64_t n = 1;
  for (const int64_t e : extents) n *= e;
  return n;
}

RawView rows(c128* data, int64_t batch, const std::vector<int64_t>& inner) {
  RawView v;
  v.data = data;
  v.dtype = DType::c128;
  v.ndim = 2 + static_cast<int>(inner.size());
  int64_t stride = 1;
  for (size_t d = inner.size(); d-- > 0;) {
    v.extent[d + 2] = inner[d];
    v.stride[d + 2] = stride;
    stride *= inner[d];
  }
  v.extent[0] = 1;
  v.extent[1] = batch;
  v.stride[0] = batch * stride;
  v.stride[1] = stride;
  return v;
}

}  // namespace

NufftSpec ToeplitzSpectra::points_spec(const ToeplitzSpec& spec) {
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

int64_t ToeplitzSpectra::images_at_once(const ToeplitzSpec& spec, bool complex_weights) noexcept {
  return std::min(blocks_of(static_cast<int64_t>(spec.nufft.image.size()), !complex_weights),
                  kBlocksAtOnce);
}

size_t ToeplitzSpectra::expected_bytes(const ToeplitzSpec& spec,
                                       bool complex_weights,
                                       const std::array<int64_t, 3>& grid) noexcept {
  const auto dims = static_cast<int64_t>(spec.nufft.image.size());
  const int64_t points = spec.points_per_kernel();
  const int64_t most = images_at_once(spec, complex_weights);
  int64_t cells = 1, pixels = 1;
  for (size_t d = 0; d < spec.nufft.image.size(); ++d) {
    cells *= grid[d];
    pixels *= spec.nufft.image[d];
  }
  // The grid with the work area of its transform; samples, images, coordinates and weights. Sorting
  // takes no more than these, and is done before.
  const auto others =
      static_cast<size_t>(2 * cells + most * (points + pixels)) * sizeof(c128) +
      static_cast<size_t>(points * (dims + (complex_weights ? 2 : 1))) * sizeof(double);
  // The points of every frame: fractions, cells and index.
  return others + static_cast<size_t>(spec.kernel_frames() * points * (dims * 10 + 4));
}

struct ToeplitzSpectra::State {
  ToeplitzSpec spec;
  Stream& stream;
  std::vector<int64_t> extents;  // of the grid
  int64_t most, pixels, cells;
  ToeplitzPoints points{};
  std::vector<double> moved;                              // nearest mode: where the points are
  std::vector<std::shared_ptr<const NufftPoints>> nufft;  // {frames with a kernel each}
  LinePlan fft;
  HeldArray<double> coordinates, real, imag;  // of one frame and kernel
  HeldArray<c128> samples, images, c;
  HeldArray<std::byte> adjoint_workspace, fft_workspace;
  std::vector<double> filled_real, filled_imag;

  State(const ToeplitzSpec& s, const std::array<int64_t, 3>& grid, Stream& st)
      : spec(s),
        stream(st),
        extents(extents_of(grid, s.nufft.image.size())),
        most(images_at_once(s, !s.is_real())),
        pixels(product(s.nufft.image)),
        cells(product(extents)) {
    points.dims = static_cast<int>(s.nufft.image.size());
    points.count = s.points_per_kernel();
    points.blocks = most;
    for (size_t d = 0; d < extents.size(); ++d) {
      points.image[d] = s.nufft.image[d];
      points.grid[d] = extents[d];
    }
    if (s.nufft.is_nearest) {
      moved = nufft::nearest_points(s.nufft, nufft::choose(s.nufft));
      spec.nufft.coordinates = moved.data();
    }
    NufftSpec fine = points_spec(s);
    for (int64_t f = 0; f < s.kernel_frames(); ++f) {
      fine.coordinates = coordinates_of(f);
      nufft.push_back(st.backend().nufft(fine, st));
    }
    fft = LinePlan({extents, 1, cells, 1, true}, st);
    const char* const what = "Toeplitz kernel being made";
    coordinates = HeldArray<double>(points.count * points.dims, what, st);
    if (s.fill || s.weights_real != nullptr) real = HeldArray<double>(points.count, what, st);
    if (!s.is_real()) imag = HeldArray<double>(points.count, what, st);
    if (s.fill) {
      filled_real.resize(static_cast<size_t>(points.count));
      if (!s.is_real()) filled_imag.resize(filled_real.size());
    }
    samples = HeldArray<c128>(most * points.count, what, st);
    images = HeldArray<c128>(most * pixels, what, st);
    c = HeldArray<c128>(cells, what, st);
    adjoint_workspace =
        HeldArray<std::byte>(static_cast<int64_t>(nufft.front()->workspace(most)), what, st);
    fft_workspace = HeldArray<std::byte>(static_cast<int64_t>(fft.work_bytes()), what, st);
    points.coordinates = coordinates.data();
    points.real = real.data();
    points.imag = imag.data();
  }

  const double* coordinates_of(int64_t frame) const {
    return spec.nufft.coordinates + frame * points.count * points.dims;
  }

  void bring_weights(int64_t kernel, int64_t frame) {
    const int64_t at = (kernel * spec.kernel_frames() + frame) * points.count;
    const double *from_real = spec.weights_real, *from_imag = spec.weights_imag;
    if (spec.fill) {
      spec.fill(kernel, filled_real.data(), spec.is_real() ? nullptr : filled_imag.data());
      from_real = filled_real.data();
      from_imag = filled_imag.data();
    } else {
      if (from_real != nullptr) from_real += at;
      if (from_imag != nullptr) from_imag += at;
    }
    if (from_real != nullptr) upload(from_real, real.data(), real.bytes(), stream.device());
    if (!spec.is_real()) upload(from_imag, imag.data(), imag.bytes(), stream.device());
  }
};

ToeplitzSpectra::ToeplitzSpectra(const ToeplitzSpec& spec,
                                 const std::array<int64_t, 3>& grid,
                                 Stream& stream)
    : state_(std::make_unique<State>(spec, grid, stream)) {}

ToeplitzSpectra::~ToeplitzSpectra() = default;

const c128* ToeplitzSpectra::make(int64_t kernel, int64_t frame) {
  State& t = *state_;
  upload(t.coordinates_of(frame), t.coordinates.data(), t.coordinates.bytes(), t.stream.device());
  t.bring_weights(kernel, frame);
  RawView c;
  c.data = t.c.data();
  c.dtype = DType::c128;
  c.ndim = 1;
  c.extent[0] = t.cells;
  c.stride[0] = 1;
  t.stream.backend().fill(0.0, c, t.stream);
  const int64_t blocks = blocks_of(t.points.dims, t.spec.is_real());
  for (t.points.first = 0; t.points.first < blocks; t.points.first += t.most) {
    modulate(t.points, t.samples.data(), t.stream);
    t.nufft[static_cast<size_t>(frame)]->adjoint(
        rows(t.samples.data(), t.most, {t.points.count}), {}, false, {},
        rows(t.images.data(), t.most, t.spec.nufft.image), t.adjoint_workspace.data(), t.stream);
    lay_out(t.points, t.images.data(), t.c.data(), t.stream);
  }
  t.fft.run(t.c.data(), -1, t.fft_workspace.data(), enter(t.stream));
  return t.c.data();
}

}  // namespace lunops::cuda
