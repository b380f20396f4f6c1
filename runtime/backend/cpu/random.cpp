// SPDX-License-Identifier: MIT
#include "runtime/backend/random.hpp"

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/runs.hpp"

namespace lunops {

using namespace cpu;

namespace {

template <class T>
T element(bool normal, uint64_t seed, uint64_t number) {
  c128 z = normal ? random_normal(seed, number) : random_uniform(seed, number);
  if constexpr (is_complex_v<T>) {
    if (normal) z *= std::numbers::sqrt2 / 2;  // variance 1 in all, so 1/2 in each part
  }
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, c64>) {
    if (!normal) z = {round_down(z.real()), round_down(z.imag())};
  }
  return convert<T>(z);
}

}  // namespace

void CpuBackend::random(bool normal, uint64_t seed, int64_t first, RawView y, Stream& stream) {
  if (y.empty()) return;
  const Runs<1> runs({&y}, true);
  dispatch_floating(y.dtype, [&]<class T>() {
    // Some 20 ns per element, so parts may be small.
    parallel_range(runs.count, kGrain / 8, stream, [&](int64_t begin, int64_t end, int) {
      auto number = static_cast<uint64_t>(first + begin);
      runs.walk(begin, end, [&](const auto& offset, int64_t n) {
        T* out = reinterpret_cast<T*>(at(y, offset[0]));
        for (int64_t i = 0; i < n; ++i) out[i * runs.step[0]] = element<T>(normal, seed, number++);
      });
    });
  });
}

}  // namespace lunops
