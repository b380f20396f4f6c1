// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/value.cuh"

namespace lunops {

using namespace cuda;

namespace {

// runtime/backend/random.hpp in device code: Philox 4x32-10 and what is made of its words.
struct Words {
  uint32_t w[4];
};

__device__ Words philox_words(uint64_t seed, uint64_t index) {
  Words c{{static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, 0}};
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c.w[0];
    const uint64_t b = uint64_t{0xCD9E8D57} * c.w[2];
    c = {{static_cast<uint32_t>(b >> 32) ^ c.w[1] ^ k0, static_cast<uint32_t>(b),
          static_cast<uint32_t>(a >> 32) ^ c.w[3] ^ k1, static_cast<uint32_t>(a)}};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

__device__ double unit(uint32_t high, uint32_t low) {
  return static_cast<double>(((uint64_t{high} << 32) | low) >> 11) * 0x1p-53;
}

__device__ double down(double uniform) { return floor(uniform * 0x1p24) * 0x1p-24; }

struct Random {
  Memory y;
  bool is_normal, has_parts, is_single;
  uint64_t seed, first;
  template <class A, class I>
  __device__ void operator()(const A& at, I number) const {
    const Words c = philox_words(seed, first + static_cast<uint64_t>(number));
    Complex<double> z(unit(c.w[0], c.w[1]), unit(c.w[2], c.w[3]));
    if (is_normal) {
      const double radius = sqrt(-2.0 * log(1.0 - z.real()));  // 1 - u is never 0
      // A complex normal number has variance 1 in all, so 1/2 in each part.
      const double size = has_parts ? radius * 0.70710678118654752440 : radius;
      double sine, cosine;
      sincospi(2.0 * z.imag(), &sine, &cosine);
      z = Complex<double>(size * cosine, size * sine);
    } else if (is_single) {
      z = Complex<double>(down(z.real()), down(z.imag()));
    }
    y.write(at[0], Value(z));
  }
};

}  // namespace

// Element i of y, in row-major order, is number `first` + i of the seed's sequence.
void CudaBackend::random(bool normal, uint64_t seed, int64_t first, RawView y, Stream& stream) {
  for_each(merge_dims(y), stream,
           Random{memory_of(y), normal, is_complex(y.dtype), !is_double(y.dtype), seed,
                  static_cast<uint64_t>(first)});
}

}  // namespace lunops
