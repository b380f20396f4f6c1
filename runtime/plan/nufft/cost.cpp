// SPDX-License-Identifier: MIT
#include "runtime/plan/nufft/cost.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/plan/nufft/good_size.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops::nufft {

namespace {

// Batch elements that one vector holds; the model assumes AVX-512 for every machine.
int64_t lanes(bool is_double) noexcept { return is_double ? 4 : 8; }

// Nanoseconds per byte moved when a pass streams an image: 40 GB/s.
constexpr double kByteSeconds = 1.0 / 40e9;

double product(const std::vector<int64_t>& v) noexcept {
  double n = 1;
  for (const int64_t e : v) n *= static_cast<double>(e);
  return n;
}

// Lines of length n: `count` of them.
Cost lines(double count, int64_t n, bool is_column, bool is_double) noexcept {
  const double factor = is_double ? 2.0 : 1.0;
  const auto length = static_cast<double>(n);
  return {factor * count * (line_seconds(n) + (is_column ? column_seconds(n) : 0.0)),
          5.0 * count * length * std::log2(std::max(length, 2.0)), factor * count * length * 16.0};
}

}  // namespace

Cost pruned_fft(const std::vector<int64_t>& image,
                const std::array<int64_t, 3>& grid,
                int64_t batch,
                bool is_double) {
  Cost sum;
  const size_t d = image.size();
  // From the last image dim to the first: dims already done are full grids, the others images.
  for (size_t pass = d; pass-- > 0;) {
    double count = static_cast<double>(batch);
    for (size_t i = 0; i < d; ++i) {
      if (i < pass) count *= static_cast<double>(image[i]);
      if (i > pass) count *= static_cast<double>(grid[i]);
    }
    sum += lines(count, grid[pass], pass + 1 != d, is_double);
  }
  return sum;
}

Cost gridding(const NufftSpec& spec, const NufftParameters& p, int64_t batch, bool is_adjoint) {
  const bool is_double = spec.dtype == DType::c128;
  const auto d = static_cast<int>(spec.image.size());
  const auto points = static_cast<double>(spec.points) * static_cast<double>(spec.frames);
  const double stencil = std::pow(p.width, d);
  const auto blocks = static_cast<double>((batch + lanes(is_double) - 1) / lanes(is_double));
  // Fewer than half a vector of elements run along the kernel row instead: one pass per element, a
  // row per vector.
  const bool is_small = 2 * batch < lanes(is_double);
  const double per_point =
      is_small
          ? static_cast<double>(batch) *
                (12.0 + (is_adjoint ? 1.6 : 1.0) * std::pow(p.width, d - 1) *
                            std::ceil(2.0 * p.width / static_cast<double>(2 * lanes(is_double))))
          : blocks * (8.0 + (is_adjoint ? 0.9 : 0.5) * stencil);
  double cells = static_cast<double>(spec.frames);
  for (int i = 0; i < d; ++i) cells *= static_cast<double>(p.grid[static_cast<size_t>(i)]);
  const double touched = std::min(cells, points * stencil);
  Cost sum;
  sum.seconds = 1e-9 * (points * per_point +
                        1.5 * touched * static_cast<double>(batch) * (is_adjoint ? 2.0 : 1.0));
  sum.flops = 4.0 * stencil * points * static_cast<double>(batch);
  const double element = is_double ? 16.0 : 8.0;
  sum.bytes = element * static_cast<double>(batch) * (points + (is_adjoint ? 2.0 : 1.0) * touched);
  Cost fft = pruned_fft(spec.image, p.grid, batch * spec.frames, is_double);
  sum += fft;
  const double image_bytes =
      element * product(spec.image) * static_cast<double>(batch * spec.frames);
  sum.seconds += image_bytes * kByteSeconds;
  sum.bytes += image_bytes;
  return sum;
}

std::array<int64_t, 3> embedding_grid(const std::vector<int64_t>& image) noexcept {
  std::array<int64_t, 3> grid = {1, 1, 1};
  for (size_t i = 0; i < image.size(); ++i)
    grid[i] = image[i] == 1 ? 1 : good_size(2 * image[i] - 1);
  return grid;
}

Cost toeplitz_embedded(const NufftSpec& spec, int64_t batch) {
  const bool is_double = spec.dtype == DType::c128;
  Cost sum = pruned_fft(spec.image, embedding_grid(spec.image), batch * spec.frames, is_double);
  const Cost back = sum;
  sum += back;
  const double images =
      (is_double ? 16.0 : 8.0) * product(spec.image) * static_cast<double>(batch * spec.frames);
  // The floor of performance.md §3, in images: the lines' own traffic is in cache.
  sum.bytes = images * (spec.image.size() == 3 ? 33.0 : spec.image.size() == 2 ? 15.0 : 8.0);
  sum.seconds += 4.0 * images * kByteSeconds;
  return sum;
}

Cost toeplitz_decomposed(const NufftSpec& spec, int64_t batch) {
  const bool is_double = spec.dtype == DType::c128;
  const auto d = static_cast<int>(spec.image.size());
  std::array<int64_t, 3> grid = {1, 1, 1};
  std::copy(spec.image.begin(), spec.image.end(), grid.begin());
  const Cost once = pruned_fft(spec.image, grid, batch * spec.frames, is_double);
  const double images =
      (is_double ? 16.0 : 8.0) * product(spec.image) * static_cast<double>(batch * spec.frames);
  Cost sum;
  for (int b = 0; b < (1 << d); ++b) {
    sum += once;
    sum += once;
    sum.seconds += 6.0 * images * kByteSeconds;
  }
  sum.bytes = images * (d == 3 ? 108.0 : d == 2 ? 38.0 : 16.0);
  return sum;
}

Cost toeplitz_matrix(const NufftSpec& spec,
                     const std::array<int64_t, 3>& grid,
                     int64_t k,
                     int64_t batch) {
  // Lines are in cache and the spectrum streams through once per block of batch elements: a third
  // of a nanosecond for a complex product and sum in c64.
  const double cells =
      static_cast<double>(grid[0]) * static_cast<double>(grid[1]) * static_cast<double>(grid[2]);
  const bool is_double = spec.dtype == DType::c128;
  const double products = cells * static_cast<double>(k * k) * static_cast<double>(batch);
  Cost sum;
  sum.flops = 8.0 * products;
  sum.bytes = cells * static_cast<double>(k * (k + 1) / 2) * (is_double ? 8.0 : 4.0);
  sum.seconds = products * (is_double ? 0.66e-9 : 0.33e-9);
  return sum;
}

Cost toeplitz(const ToeplitzSpec& spec, int64_t batch) {
  using Form = ToeplitzSpec::Form;
  NufftSpec one = spec.nufft;
  one.frames = spec.image_frames();
  const Cost embedded = toeplitz_embedded(one, batch), parts = toeplitz_decomposed(one, batch);
  const bool is_embedded = spec.form == Form::embedded ||
                           (spec.form == Form::choose && embedded.seconds <= parts.seconds);
  Cost sum = is_embedded ? embedded : parts;
  if (spec.matrix > 0) {
    std::array<int64_t, 3> grid = embedding_grid(one.image);
    for (size_t d = 0; !is_embedded && d < one.image.size(); ++d) grid[d] = 2 * one.image[d];
    sum += toeplitz_matrix(one, grid, spec.matrix, batch);
  }
  return sum;
}

NufftSpec build_spec(const NufftSpec& spec) {
  NufftSpec fine = spec;
  fine.dtype = DType::c128;
  if (spec.is_nearest) return fine;  // exact on the same grid
  const double tol = spec.width > 0 ? predicted_error(spec, choose(spec)) : spec.tol;
  fine.tol = std::max(tol / 10.0, kLeastTolC128);
  fine.width = 0;
  fine.oversamp = {0, 0, 0};
  fine.grid = {0, 0, 0};
  return fine;
}

Cost toeplitz_build(const NufftSpec& spec, int64_t kernels, bool complex_weights) {
  const NufftSpec fine = build_spec(spec);
  const auto d = static_cast<int>(spec.image.size());
  const int64_t blocks = int64_t{1} << (complex_weights ? d : d - 1);
  Cost sum = gridding(fine, choose(fine, blocks), blocks * kernels, true);
  // Folding and sorting the points.
  sum.seconds += 12e-9 * static_cast<double>(spec.points) * static_cast<double>(spec.frames);
  const std::array<int64_t, 3> grid = embedding_grid(spec.image);
  sum += pruned_fft(std::vector<int64_t>(grid.begin(), grid.begin() + d), grid,
                    kernels * spec.frames, true);
  return sum;
}

}  // namespace lunops::nufft
