// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cub_sort.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "runtime/backend/cuda/check.hpp"
#include "tests/cuda/simulated/gpu.hpp"

namespace lunops::cuda {

namespace {

// What cub asks for: less than an eighth of a byte for a pair, and some for every digit.
size_t needed(const SortedPairs& pairs) { return static_cast<size_t>(pairs.count / 8 + 4096); }

}  // namespace

size_t sort_pairs_bytes(const SortedPairs& pairs) { return needed(pairs); }

SortedSides sort_pairs(const SortedPairs& pairs, void* memory, size_t bytes, cudaStream_t stream) {
  const void* const all[] = {memory, pairs.keys[0], pairs.keys[1], pairs.numbers[0],
                             pairs.numbers[1]};
  const bool is_there = std::all_of(std::begin(all), std::end(all), simulated::is_device_memory);
  if (!is_there || bytes < needed(pairs) || pairs.bits < 1 || pairs.bits > 32) {
    check(cudaErrorInvalidValue, "cub::DeviceRadixSort::SortPairs");
  }
  // As many passes as digits of 8 bits, of which each goes to the other side.
  const int side = (pairs.bits + 7) / 8 % 2;
  simulated::issue(stream, [=] {
    const auto count = static_cast<size_t>(pairs.count);
    const uint32_t mask = pairs.bits == 32 ? UINT32_MAX : (uint32_t{1} << pairs.bits) - 1;
    const std::vector<uint32_t> keys(pairs.keys[0], pairs.keys[0] + count);
    const std::vector<uint32_t> numbers(pairs.numbers[0], pairs.numbers[0] + count);
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return (keys[a] & mask) < (keys[b] & mask); });
    const auto at = static_cast<size_t>(side);
    // The other side and the memory hold what was between.
    std::fill_n(pairs.keys[1 - at], count, UINT32_MAX);
    std::fill_n(pairs.numbers[1 - at], count, UINT32_MAX);
    std::fill_n(static_cast<unsigned char*>(memory), bytes, static_cast<unsigned char>(0xff));
    for (size_t i = 0; i < count; ++i) {
      pairs.keys[at][i] = keys[order[i]];
      pairs.numbers[at][i] = numbers[order[i]];
    }
  });
  return {side, side};
}

}  // namespace lunops::cuda
