// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/nufft_points.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/backend/cpu/fold.hpp"
#include "runtime/backend/cpu/isa.hpp"
#include "runtime/core/error.hpp"
#include "runtime/plan/nufft/nearest.hpp"

namespace lunops::cpu {

namespace {

// Folds points, given as {count, dims}, that may be far away or no numbers; `first` is the number
// of the first.
void fold_any(const NufftSpec& spec,
              const FoldTable& table,
              const FoldDim* dim,
              const double* k,
              int64_t first,
              int64_t count,
              Folded& folded) {
  const auto dims = static_cast<int64_t>(spec.image.size());
  if (table.fold(k, count, dims, dim, &folded)) return;
  // Those that are far alone, so that the bits of a point do not depend on others.
  double near[3 * kFoldedPoints];
  for (int64_t i = 0; i < count * dims; ++i) {
    if (!std::isfinite(k[i])) refuse_coordinate(spec, first * dims + i);
    const double extent = dim[i % dims].extent;
    const bool is_far = std::abs(std::nearbyint(k[i] / extent)) > kMostExtents;
    near[i] = is_far ? std::remainder(k[i], extent) : k[i];
  }
  table.fold(near, count, dims, dim, &folded);
}

}  // namespace

TileProblem tile_problem(const NufftSpec& spec,
                         const NufftParameters& parameters,
                         const TileCuts& cuts) {
  TileProblem problem;
  problem.operation = "NUFFT";
  problem.frames = spec.frames;
  problem.points = spec.points;
  problem.counts = spec.counts;
  problem.deterministic = spec.deterministic;
  problem.cuts = cuts;
  for (size_t d = 0; d < spec.image.size(); ++d) {
    problem.grid.push_back(parameters.grid[d]);
    problem.terms[d] = parameters.width;
  }
  return problem;
}

void refuse_coordinate(const NufftSpec& spec, int64_t number) {
  const auto dims = static_cast<int64_t>(spec.image.size());
  const int64_t point = number / dims;
  fail(Code::argument, "NUFFT", "coordinate at frame={}, point={}, d={} is {}", point / spec.points,
       point % spec.points, number % dims, spec.coordinates[number]);
}

template <class T>
SortedPoints<T> sort_points(const NufftSpec& spec,
                            const NufftParameters& parameters,
                            const Stream& stream,
                            const TileCuts& cuts) {
  const auto dims = static_cast<int64_t>(spec.image.size());
  const TileProblem problem = tile_problem(spec, parameters, cuts);
  FoldDim dim[3] = {};
  for (size_t d = 0; d < spec.image.size(); ++d) {
    dim[d] = {static_cast<double>(spec.image[d]), static_cast<double>(parameters.grid[d]),
              parameters.width};
  }
  const FoldTable& table = LUNOPS_SELECT_ISA(isa(), fold_table);
  const auto fold_points = [&](int64_t first, int64_t count, Folded& folded) {
    const double* k = spec.coordinates + first * dims;
    fold_any(spec, table, dim, k, first, count, folded);
    if (!spec.is_nearest) return;
    for (int64_t d = 0; d < dims; ++d) {
      const auto at = static_cast<size_t>(d);
      for (int64_t i = 0; i < count; ++i) {
        folded.cell[d][i] =
            nufft::nearest_cell(k[i * dims + d], spec.image[at], parameters.grid[at]);
        folded.z[d][i] = 0;
      }
    }
  };
  SortedPoints<T> s;
  s.z = HeldArray<T>(live_points(problem) * dims, "sorted points", stream);
  T* const z = s.z.data();
  const auto keep = [&](int64_t count, const int64_t* place, const Folded& at) {
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t d = 0; d < dims; ++d) z[place[i] * dims + d] = static_cast<T>(at.z[d][i]);
    }
  };
  static_cast<TileOrder&>(s) = sort_by_tile(problem, stream, fold_points, keep);
  return s;
}

template SortedPoints<float> sort_points(const NufftSpec&,
                                         const NufftParameters&,
                                         const Stream&,
                                         const TileCuts&);
template SortedPoints<double> sort_points(const NufftSpec&,
                                          const NufftParameters&,
                                          const Stream&,
                                          const TileCuts&);

}  // namespace lunops::cpu
