// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace lunops::nufft {

// Seconds that one line of n complex elements costs in a chunk of 16, by the table of nufft.md §2:
// the power of two in n decides.  c64 on one core; c128 costs twice as much.
double line_seconds(int64_t n) noexcept;

// Seconds more per line for gathering and scattering it as a column.
double column_seconds(int64_t n) noexcept;

// The even number 2^a 3^b 5^c >= least whose line is cheapest, at most a quarter above `least`.
int64_t good_size(int64_t least) noexcept;

}  // namespace lunops::nufft
