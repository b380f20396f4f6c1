// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/core/dtype.hpp"

namespace lunops::io {

// Cuts a readout of n samples to the m pixels around the centre of its image, without changing the
// scale of samples: y[j] = sum_i D[j, i] x[i] with k-space centres floor(n/2) and floor(m/2).
class Shortening {
 public:
  Shortening() = default;
  Shortening(int n, int m);
  bool is_needed() const { return m_ != n_; }
  int samples(int n) const { return is_needed() ? m_ : n; }

  void apply(const c64* x, c64* y) const;  // n samples to m

 private:
  int n_ = 0, m_ = 0;
  std::vector<c64> matrix_;
};

}  // namespace lunops::io
