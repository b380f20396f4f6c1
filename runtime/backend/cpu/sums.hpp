// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "runtime/backend/cpu/runs.hpp"
#include "runtime/device/stream.hpp"

// Sums whose bits do not depend on the threads.
namespace lunops::cpu {

// A sum over n elements is cut into at most 64 blocks, a function of n alone; blocks are summed
// side by side and their results combined in order.
struct FixedBlocks {
  static constexpr int64_t kMost = 64;
  int64_t n, size, count;

  explicit FixedBlocks(int64_t total) : n(total) {
    size = std::max<int64_t>(4096, ((n + kMost - 1) / kMost + 63) / 64 * 64);
    count = (n + size - 1) / size;
  }
  int64_t first(int64_t block) const { return block * size; }
  int64_t last(int64_t block) const { return std::min(n, (block + 1) * size); }
};

// result[k] = the sum of part(k, first, last) over the blocks of [0, n), for k = 0 … batch-1.  Sum
// has +=.
template <class Sum, class Part>
void sum_blocks(int64_t batch, int64_t n, const Stream& stream, Sum* result, const Part& part) {
  const FixedBlocks blocks(n);
  const bool is_small = batch * n < 2 * kGrain;
  const int share = is_small ? 1 : stream.threads();
  ThreadPool& pool = ThreadPool::process();
  if (batch >= 8 || blocks.count <= 1) {
    pool.run(batch, share, [&](int64_t k, int) {
      Sum sum{};
      for (int64_t b = 0; b < blocks.count; ++b) sum += part(k, blocks.first(b), blocks.last(b));
      result[k] = sum;
    });
    return;
  }
  for (int64_t k = 0; k < batch; ++k) {
    std::array<Sum, FixedBlocks::kMost> sums;
    pool.run(blocks.count, share, [&](int64_t b, int) {
      sums[static_cast<size_t>(b)] = part(k, blocks.first(b), blocks.last(b));
    });
    Sum sum{};
    for (int64_t b = 0; b < blocks.count; ++b) sum += sums[static_cast<size_t>(b)];
    result[k] = sum;
  }
}

// The four sums that the dot kernel delivers.
struct DotSums {
  std::array<double, 4> s{};
  DotSums& operator+=(const DotSums& other) {
    for (size_t i = 0; i < 4; ++i) s[i] += other.s[i];
    return *this;
  }
  c128 conjugated() const { return {s[0] + s[1], s[2] - s[3]}; }  // sum conj(x) y
  c128 plain() const { return {s[0] - s[1], s[2] + s[3]}; }       // sum x y
};

}  // namespace lunops::cpu
