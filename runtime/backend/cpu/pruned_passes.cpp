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
  int64_t longest = 1;
  for (size_t d = 0; d < image.size(); ++d) {
    Dim& dim = dims_[lead + d];
    dim.image = image[d];
    dim.grid = grid[d];
    dim.origin = is_centred ? image[d] / 2 : 0;
    const int lines = rank_ == 1 ? 1 : kChunk;
    dim.plan[0] = &LinePlan<T>::get(dim.grid, lines, -1);
    dim.plan[1] = &LinePlan<T>::get(dim.grid, lines, +1);
    longest = std::max(longest, dim.grid);
  }
  buffer_ = kChunk * line_pitch<T>(longest);
  row_pitch_ = line_pitch<T>(dims_[2].grid);
  const int64_t image_rows = (dims_[1].image + kChunk - 1) / kChunk * kChunk;
  const bool has_full_y = rank_ == 3 || !is_compact;
  const int64_t rows =
      rank_ == 1 ? 1 : std::max(image_rows, has_full_y ? dims_[1].grid : int64_t{0});
  slab_ = rows * row_pitch_;
  plane_ = slab_ * (is_compact ? dims_[0].image : dims_[0].grid);
}

template class PrunedPasses<float>;
template class PrunedPasses<double>;

}  // namespace lunops::cpu
