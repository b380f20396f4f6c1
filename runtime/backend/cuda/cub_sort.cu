// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cub_sort.hpp"

#include <cub/device/device_radix_sort.cuh>

#include "runtime/backend/cuda/check.hpp"

namespace lunops::cuda {

namespace {

// Without memory: asks for its bytes.
SortedSides sort(const SortedPairs& pairs, void* memory, size_t& bytes, cudaStream_t stream) {
  cub::DoubleBuffer<uint32_t> keys(pairs.keys[0], pairs.keys[1]);
  cub::DoubleBuffer<uint32_t> numbers(pairs.numbers[0], pairs.numbers[1]);
  // The count has 64 bits: frames may have more than 2^32 points in all.
  check(cub::DeviceRadixSort::SortPairs(memory, bytes, keys, numbers, pairs.count, 0, pairs.bits,
                                        stream),
        "cub::DeviceRadixSort::SortPairs");
  return {keys.selector, numbers.selector};
}

}  // namespace

size_t sort_pairs_bytes(const SortedPairs& pairs) {
  size_t bytes = 0;
  sort(pairs, nullptr, bytes, nullptr);
  return bytes;
}

SortedSides sort_pairs(const SortedPairs& pairs, void* memory, size_t bytes, cudaStream_t stream) {
  return sort(pairs, memory, bytes, stream);
}

}  // namespace lunops::cuda
