// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

// Blocks of a kernel on one thread of the host: their threads are fibers, which take turns where
// they wait for each other.
namespace lunops::simulated {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
struct Place {
  Index thread, block, threads, blocks;
};
Place& place();  // of the thread that runs

// Runs one block after another.  The order in which threads run changes with every block and every
// wait, so that a wait that is missing shows in the results.  Aborts, with a message, where threads
// wait for each other for ever.
void run_blocks(int64_t blocks, int threads, size_t shared, const std::function<void()>& kernel);

void* shared_memory();  // of the block, filled with NaN when it begins
void wait_for_block();
void wait_for_warp(unsigned mask);

struct Lane {
  alignas(16) unsigned char bytes[16];
};
Lane& own_lane();
Lane& lane_at(unsigned lane);  // of the warp of the thread that runs

}  // namespace lunops::simulated
