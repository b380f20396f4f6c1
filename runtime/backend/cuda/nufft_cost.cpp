// SPDX-License-Identifier: MIT
// The cost model of performance.md §3 for the kernels of nufft.cpp.
#include <algorithm>
#include <cmath>

#include "runtime/backend/cuda/planned.hpp"

namespace lunops::cuda {

NufftCost gridding_cost(const NufftSpec& spec,
                        const NufftParameters& parameters,
                        int64_t batch,
                        bool is_adjoint,
                        const GpuRates& rates) {
  // A padded tile has so many cells for one of its own (16 x 16 x 8 and 32 x 32, width 5 or 6), and
  // each batch of so many elements reads the points' positions anew.
  constexpr double kPadding = 1.5, kElements = 8;
  const size_t dims = spec.image.size();
  const bool is_double = spec.dtype == DType::c128;
  const auto element = static_cast<double>(size_of(spec.dtype));
  const auto images = static_cast<double>(batch * spec.frames);
  double pixels = images, cells = images, stencil = 1, fft = 0, filled = images;
  for (size_t d = 0; d < dims; ++d) {
    pixels *= static_cast<double>(spec.image[d]);
    cells *= static_cast<double>(parameters.grid[d]);
    stencil *= parameters.width;
    fft += 5 * std::log2(std::max(2.0, static_cast<double>(parameters.grid[d])));
  }
  for (size_t d = 0; d < dims; ++d) {
    filled *= static_cast<double>(d == 0 && dims == 3 ? spec.image[d] : parameters.grid[d]);
  }
  const double points = images * static_cast<double>(spec.points);
  const double touched = std::min(kPadding * cells, points * stencil);
  // Of a point: where it lies, its cell and its number.
  const double of_point = static_cast<double>(dims) * (element / 2 + 2) + 4;

  NufftCost made;
  made.flops = 4 * stencil * points + fft * cells + 6 * pixels;
  // The image with a map, the grid beside it; a pass over the grid by dim, where slabs of zeros are
  // left out in 3-D; tiles, which spreading reads and writes in a grid that was cleared.
  double elements = 2 * pixels + cells + 2 * filled * static_cast<double>(dims - (dims == 3)) +
                    (dims == 3 ? 2 * cells : 0) + points;
  elements += is_adjoint ? 2 * touched + cells : touched;
  made.bytes = elements * element + of_point * std::ceil(points / kElements);
  const double shared = (is_adjoint ? 2 : 1) * element * stencil * points;
  const double launches = 4 + 2 * static_cast<double>(dims);
  made.seconds = std::max(
      launches * rates.launch,
      made.bytes / rates.bytes +
          std::max(shared / rates.shared_bytes,
                   4 * stencil * points / (is_double ? rates.flops_double : rates.flops_single)));
  return made;
}

}  // namespace lunops::cuda
