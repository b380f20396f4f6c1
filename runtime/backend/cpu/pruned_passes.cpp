// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/pruned_passes.hpp"

namespace lunops::cpu {

template <class T>
PrunedPasses<T>::PrunedPasses(const std::vector<int64_t>& image,
                              const std::array<int64_t, 3>& grid,
                              bool is_centred,
                              bool is_compact)
    : lines_(&functions_of<T>(LUNOPS_SELECT_ISA(isa(), line_table))),
      rank_(static_cast<int>(image.size())) {
  const size_t lead = 3 - image.size();
  // The rows of a 1-D image are single lines: a chunk of 16 would be mostly zeros.
  rows_per_chunk_ = rank_ == 1 ? 1 : kChunk;
  for (size_t d = 0; d < image.size(); ++d) {
    Dim& dim = dims_[lead + d];
    dim.image = image[d];
    dim.grid = grid[d];
    dim.origin = is_centred ? image[d] / 2 : 0;
    const int lines = rank_ == 1 ? 1 : kChunk;
    dim.plan[0] = &LinePlan<T>::get(dim.grid, lines, -1);
    dim.plan[1] = &LinePlan<T>::get(dim.grid, lines, +1);
  }
  sizes_ = sizes(image, grid, is_compact);
}

template <class T>
typename PrunedPasses<T>::Sizes PrunedPasses<T>::sizes(const std::vector<int64_t>& image,
                                                       const std::array<int64_t, 3>& grid,
                                                       bool is_compact) {
  const size_t rank = image.size();
  int64_t longest = 1;
  for (size_t d = 0; d < rank; ++d) longest = std::max(longest, grid[d]);
  Sizes s;
  s.buffer = kChunk * line_pitch<T>(longest);
  s.row_pitch = line_pitch<T>(grid[rank - 1]);
  int64_t rows = 1;
  if (rank > 1) {
    const bool has_full_y = rank == 3 || !is_compact;
    rows = (image[rank - 2] + kChunk - 1) / kChunk * kChunk;
    if (has_full_y) rows = std::max(rows, grid[rank - 2]);
  }
  s.slab = rows * s.row_pitch;
  s.plane = s.slab * (rank < 3 ? 1 : is_compact ? image[0] : grid[0]);
  return s;
}

template class PrunedPasses<float>;
template class PrunedPasses<double>;

}  // namespace lunops::cpu
