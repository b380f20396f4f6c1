// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/nufft_points.hpp"

#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/nearest.hpp"

namespace lunops::cpu {

namespace {

// Where a coordinate falls on the grid.
struct Place {
  int64_t cell;  // left cell of the stencil, in [0, grid)
  double z;
};

// t = k g / N in double-double, so that z is right to rounding for c128 and any |k|.
inline Place fold(double k, double extent, double grid, int width) {
  // Exact: the quotient is a small integer and the difference no larger than k.
  const double near = k - extent * std::nearbyint(k / extent);
  const double product = near * grid;
  const double product_rest = std::fma(near, grid, -product);
  const double t = product / extent;
  const double t_rest = (std::fma(-t, extent, product) + product_rest) / extent;
  const double left = std::ceil(t - 0.5 * width);
  const double z = 2.0 * ((left - t) - t_rest) + (width - 1);
  auto cell = static_cast<int64_t>(left);
  const auto g = static_cast<int64_t>(grid);
  if (cell < 0) cell += g;
  if (cell >= g) cell -= g;
  return {cell, z};
}

}  // namespace

template <class T>
SortedPoints<T> sort_points(const NufftSpec& spec, const NufftParameters& parameters, int threads) {
  const auto dims = static_cast<int64_t>(spec.image.size());
  TileProblem problem;
  problem.operation = "NUFFT";
  problem.frames = spec.frames;
  problem.points = spec.points;
  problem.counts = spec.counts;
  for (size_t d = 0; d < spec.image.size(); ++d) {
    problem.grid.push_back(parameters.grid[d]);
    problem.terms[d] = parameters.width;
  }
  double extent[3], grid[3];
  for (size_t d = 0; d < spec.image.size(); ++d) {
    extent[d] = static_cast<double>(spec.image[d]);
    grid[d] = static_cast<double>(parameters.grid[d]);
  }
  const auto fold_points = [&](int64_t first, int64_t count, Folded* folded) {
    for (int64_t j = first; j < first + count; ++j) {
      Folded& at = folded[j - first];
      at.kind = 0;
      for (int64_t d = 0; d < dims; ++d) {
        const double k = spec.coordinates[j * dims + d];
        if (!std::isfinite(k)) {
          fail(Code::argument, "NUFFT", "coordinate at frame={}, point={}, d={} is {}",
               j / spec.points, j % spec.points, d, k);
        }
        const auto i = static_cast<size_t>(d);
        const Place place =
            spec.is_nearest ? Place{nufft::nearest_cell(k, spec.image[i], parameters.grid[i]), 0}
                            : fold(k, extent[d], grid[d], parameters.width);
        at.cell[i] = place.cell;
        at.z[i] = place.z;
      }
    }
  };
  SortedPoints<T> s;
  s.z.resize(static_cast<size_t>(live_points(problem) * dims));
  const auto keep = [&](int64_t count, const int64_t* place, const Folded* at) {
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t d = 0; d < dims; ++d) {
        s.z[static_cast<size_t>(place[i] * dims + d)] =
            static_cast<T>(at[i].z[static_cast<size_t>(d)]);
      }
    }
  };
  static_cast<TileOrder&>(s) = sort_by_tile(problem, threads, fold_points, keep);
  return s;
}

template SortedPoints<float> sort_points(const NufftSpec&, const NufftParameters&, int);
template SortedPoints<double> sort_points(const NufftSpec&, const NufftParameters&, int);

}  // namespace lunops::cpu
