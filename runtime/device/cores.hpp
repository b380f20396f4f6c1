// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lunops {

// Threads for the process's pool: LUNOPS_THREADS, else OMP_NUM_THREADS, else `usable_cores()`.
// Throws Error{argument} if LUNOPS_THREADS is not a number from 1 to 4096.
int default_threads();

// Physical cores that this process may use: affinity mask, then the CPU quota of its cgroup.
int usable_cores();

// Bytes of RAM that this process may use: of the machine, or of its cgroup if that is less.
size_t usable_memory();

// Cores that a quota grants: "50000 100000" (cpu.max: microseconds of each period) is 1, "max
// 100000" is 0, which means no limit; a started core counts.
int cores_of_quota(std::string_view cpu_max);

}  // namespace lunops
