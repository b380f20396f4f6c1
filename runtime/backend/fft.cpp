// SPDX-License-Identifier: MIT
#include "runtime/backend/fft.hpp"

#include <algorithm>
#include <cmath>

namespace lunops {

std::vector<int> fft_order(const FftSpec& spec) {
  std::vector<int> order = spec.axes;
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return spec.y_at(a).count * spec.x_at(b).count < spec.y_at(b).count * spec.x_at(a).count;
  });
  return order;
}

double fft_flops(const FftSpec& spec) {
  double elements = 1;  // of the array that a pass reads
  for (size_t d = 0; d < spec.extents.size(); ++d) {
    elements *= static_cast<double>(spec.x_at(static_cast<int>(d)).count);
  }
  double sum = 0;
  for (const int axis : fft_order(spec)) {
    const auto n = static_cast<double>(spec.extents[static_cast<size_t>(axis)]);
    const auto before = static_cast<double>(spec.x_at(axis).count);
    if (elements == 0) return 0;
    sum += 5.0 * elements / before * n * std::log2(std::max(n, 2.0));
    elements *= static_cast<double>(spec.y_at(axis).count) / before;
  }
  return sum;
}

}  // namespace lunops
