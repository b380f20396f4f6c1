// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "runtime/core/dtype.hpp"

// Random numbers by logical index, the same on every backend.
namespace lunops {

// Philox 4x32 with 10 rounds.  Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
// easy as 1, 2, 3", SC'11.
inline std::array<uint32_t, 4> philox(uint64_t seed, uint64_t index) noexcept {
  std::array<uint32_t, 4> c = {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0,
                               0};
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c[0];
    const uint64_t b = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

// Two numbers of element `index`: uniform in [0, 1) with 53 bits, or standard normal (Box-Muller).
// The first is the real part, or the real number; single precision rounds towards 0, so that 1 is
// never reached.
inline c128 random_uniform(uint64_t seed, uint64_t index) noexcept {
  const auto w = philox(seed, index);
  const auto unit = [](uint32_t high, uint32_t low) {
    return static_cast<double>(((uint64_t{high} << 32) | low) >> 11) * 0x1p-53;
  };
  return {unit(w[0], w[1]), unit(w[2], w[3])};
}

inline c128 random_normal(uint64_t seed, uint64_t index) noexcept {
  const c128 u = random_uniform(seed, index);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - u.real()));  // 1 - u is never 0
  const double angle = 2.0 * std::numbers::pi * u.imag();
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

inline float round_down(double uniform) noexcept {
  return static_cast<float>(std::floor(uniform * 0x1p24) * 0x1p-24);
}

}  // namespace lunops
