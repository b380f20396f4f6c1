// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/fft_passes.hpp"

#include <algorithm>

#include "runtime/backend/cuda/planned.hpp"

namespace lunops::cuda {

FftPasses::FftPasses(const FftSpec& spec) : axes(spec.axes) {
  std::sort(axes.begin(), axes.end());
  const auto extent = [&](size_t axis) { return spec.extents[static_cast<size_t>(axes[axis])]; };
  for (const int64_t n : spec.extents) others *= n;
  for (size_t a = 0; a < axes.size(); ++a) within *= extent(a);
  if (others == 0) return;
  others /= within;
  const bool is_double = spec.dtype == DType::c128;
  work_bytes = (static_cast<size_t>(within * others) * size_of(spec.dtype) + 255) / 256 * 256;

  const size_t rank = std::min<size_t>(3, axes.size());
  std::vector<int64_t> n;
  int64_t inner = 1;
  for (size_t a = axes.size() - rank; a < axes.size(); ++a) {
    n.push_back(extent(a));
    inner *= extent(a);
  }
  const int64_t lines = within * others / inner;
  // What cuFFT does for many lines may differ from what it does for one.
  if (rank > 0 && spec.deterministic) passes.push_back({{n, 1, inner, 1, is_double}, lines, inner});
  if (rank > 0 && !spec.deterministic) passes.push_back({{n, 1, inner, lines, is_double}, 1, 0});
  // Axes before the last three one by one: all lines that lie side by side at once.
  for (size_t a = axes.size() - rank; a-- > 0;) {
    const int64_t block = inner * extent(a);
    passes.push_back({{{extent(a)}, inner, 1, inner, is_double}, within * others / block, block});
    inner = block;
  }
}

size_t fft_workspace(const FftSpec& spec, const Stream& stream) {
  const FftPasses all(spec);
  size_t bytes = 0;
  for (const FftPasses::Pass& pass : all.passes) {
    bytes = std::max(bytes, work_bytes_of(pass.lines, stream));
  }
  return all.work_bytes + bytes;
}

}  // namespace lunops::cuda
