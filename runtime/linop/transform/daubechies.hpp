// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

namespace lunops {

inline constexpr int kMostVanishingMoments = 10;

// The low-pass filter h of the Daubechies wavelet with p vanishing moments, 1 <= p <= 10: 2p
// numbers with sum sqrt(2), of minimal phase.
// Source: Daubechies, Ten Lectures on Wavelets (1992), section 6.1.
std::vector<double> daubechies(int p);

}  // namespace lunops
