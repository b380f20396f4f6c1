// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "runtime/linop/weight.hpp"

namespace lunops {

// Where the dims of a kernel that are convolved lie, and how far x reaches along them.
struct KernelLine {
  size_t dim;  // of the kernel
  int64_t taps;
  int64_t extent;  // of x and y
};

// The spectra of a kernel by grid, each made by the first plan that needs it and then shared:
// DFT over the convolved dims of k with its centre at 0.  Thread-safe.
class ConvolutionSpectra {
 public:
  // Taps that reach beyond `extent` from the centre meet no sample, and are left out.
  WeightPtr of(const WeightPtr& kernel,
               const std::vector<KernelLine>& lines,
               const std::vector<int64_t>& grid);

 private:
  struct Made {
    std::vector<int64_t> grid, extents;
    WeightPtr spectrum;
  };
  std::mutex mutex_;
  std::vector<Made> made_;
};

// The autocorrelation of a kernel, periodic with the extents of its lines: dims {kept, copies of
// `paired`, paired, lines}, summed over `summed`,
//   r[o, c', c, l] = sum_(s, j) conj(k[o, s, c', j]) k[o, s, c, j + l],
// with lag 0 at floor(extent / 2) of each line.  Numbers are those of the kernel's dims.
WeightPtr autocorrelation(const WeightPtr& kernel,
                          const std::vector<size_t>& kept,
                          const std::vector<size_t>& paired,
                          const std::vector<size_t>& summed,
                          const std::vector<KernelLine>& lines);

// The kernel of two circular convolutions over the same dims one after the other, and no dims but
// those; `a` and `b` describe the same lines by the dims of their kernels.  The result has the
// lines in their order.
WeightPtr convolved(const WeightPtr& a,
                    const std::vector<KernelLine>& a_lines,
                    const WeightPtr& b,
                    const std::vector<KernelLine>& b_lines);

}  // namespace lunops
