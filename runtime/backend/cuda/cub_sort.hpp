// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace lunops::cuda {

// Keys with a number each, in memory of the current device, twice: sorting goes to and fro.
struct SortedPairs {
  std::array<uint32_t*, 2> keys, numbers;
  int64_t count = 0;
  int bits = 32;  // lowest ones of the keys, that they are sorted by: 1 to 32
};

// Bytes of the device that sort_pairs needs besides.
size_t sort_pairs_bytes(const SortedPairs& pairs);
// Sorts pairs that lie in the first arrays; those with equal keys keep their order.  Tells which
// arrays they will be in, 0 or 1.
struct SortedSides {
  int keys, numbers;
};
SortedSides sort_pairs(const SortedPairs& pairs, void* memory, size_t bytes, cudaStream_t stream);

}  // namespace lunops::cuda
