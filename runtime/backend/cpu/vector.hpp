// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

// Vectors of the instruction set that the including file is compiled for.  For files listed with
// lunops_add_isa_sources only: everything is in an anonymous namespace, so that no copy compiled
// for another set can take its place.
namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

typedef float VectorF __attribute__((vector_size(kVectorBytes), may_alias));
typedef double VectorD __attribute__((vector_size(kVectorBytes), may_alias));
typedef float LooseF __attribute__((vector_size(kVectorBytes), may_alias, aligned(4)));
typedef double LooseD __attribute__((vector_size(kVectorBytes), may_alias, aligned(8)));
// As many reals as a vector has complex numbers.
typedef float HalfF __attribute__((vector_size(kVectorBytes / 2), may_alias, aligned(4)));
typedef double HalfD __attribute__((vector_size(kVectorBytes / 2), may_alias, aligned(8)));

template <class T>
struct Simd;
template <>
struct Simd<float> {
  using Vector = VectorF;
  using Loose = LooseF;
  using Half = HalfF;
};
template <>
struct Simd<double> {
  using Vector = VectorD;
  using Loose = LooseD;
  using Half = HalfD;
};
template <class T>
using Vector = typename Simd<T>::Vector;

template <class T>
constexpr int kReals = kVectorBytes / static_cast<int>(sizeof(T));
template <class T>
constexpr int kComplexes = kReals<T> / 2;  // complex numbers in a vector; 1 for portable c128

#define LUNOPS_INLINE static inline __attribute__((always_inline))

template <class T>
LUNOPS_INLINE Vector<T> load(const T* p) {
  return *reinterpret_cast<const typename Simd<T>::Loose*>(p);
}
template <class T>
LUNOPS_INLINE void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename Simd<T>::Loose*>(p) = v;
}
template <class T>
LUNOPS_INLINE Vector<T> splat(T value) {
  // Not a sum: 0 + value is not value for value = -0, so that would cost an addition.
  return value - Vector<T>{};
}

// a b + c: fused where the set has it.
LUNOPS_INLINE VectorF fma(VectorF a, VectorF b, VectorF c) {
#if defined(__AVX512F__)
  return VectorF(_mm512_fmadd_ps(__m512(a), __m512(b), __m512(c)));
#elif defined(__AVX2__)
  return VectorF(_mm256_fmadd_ps(__m256(a), __m256(b), __m256(c)));
#else
  return a * b + c;
#endif
}
LUNOPS_INLINE VectorD fma(VectorD a, VectorD b, VectorD c) {
#if defined(__AVX512F__)
  return VectorD(_mm512_fmadd_pd(__m512d(a), __m512d(b), __m512d(c)));
#elif defined(__AVX2__)
  return VectorD(_mm256_fmadd_pd(__m256d(a), __m256d(b), __m256d(c)));
#else
  return a * b + c;
#endif
}

// Of one number, rounded as in vectors.
LUNOPS_INLINE float fma(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
LUNOPS_INLINE double fma(double a, double b, double c) {
#if defined(__FMA__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

#if defined(__AVX2__) && !defined(__AVX512F__)
// Eight bytes of mask per entry; starting at 4 - n gives n leading ones.
alignas(32) constexpr int64_t kMask[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
LUNOPS_INLINE __m256i leading(int64_t n) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMask + 4 - n));
}
#endif

// The first n complex numbers, 0 <= n <= kComplexes; the others are 0, or stay as they are in
// memory.
LUNOPS_INLINE VectorF load_part(const float* p, int64_t n) {
#if defined(__AVX512F__)
  return VectorF(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << n) - 1U), p));
#elif defined(__AVX2__)
  return VectorF(_mm256_maskload_pd(reinterpret_cast<const double*>(p), leading(n)));
#else
  VectorF v{};
  for (int64_t i = 0; i < 2 * n; ++i) v[i] = p[i];
  return v;
#endif
}
LUNOPS_INLINE VectorD load_part(const double* p, int64_t n) {
#if defined(__AVX512F__)
  return VectorD(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << (2 * n)) - 1U), p));
#elif defined(__AVX2__)
  return VectorD(_mm256_maskload_pd(p, leading(2 * n)));
#else
  VectorD v{};
  for (int64_t i = 0; i < 2 * n; ++i) v[i] = p[i];
  return v;
#endif
}
LUNOPS_INLINE void store_part(float* p, VectorF v, int64_t n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1U << n) - 1U), __m512d(v));
#elif defined(__AVX2__)
  _mm256_maskstore_pd(reinterpret_cast<double*>(p), leading(n), __m256d(v));
#else
  for (int64_t i = 0; i < 2 * n; ++i) p[i] = v[i];
#endif
}
LUNOPS_INLINE void store_part(double* p, VectorD v, int64_t n) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1U << (2 * n)) - 1U), __m512d(v));
#elif defined(__AVX2__)
  _mm256_maskstore_pd(p, leading(2 * n), __m256d(v));
#else
  for (int64_t i = 0; i < 2 * n; ++i) p[i] = v[i];
#endif
}

// 0, 1, … n-1 as a pack; <utility> has inline functions, which these files must not have.
template <int... I>
struct Pack {};
template <int N, int... I>
struct PackOf : PackOf<N - 1, N - 1, I...> {};
template <int... I>
struct PackOf<0, I...> {
  using Type = Pack<I...>;
};
template <int N>
using Indices = typename PackOf<N>::Type;

// One step of a transpose on 64-bit lanes, U lanes per unit: exchanges the blocks of S units off
// the diagonal between a and b.
template <int U, int S, int... I>
LUNOPS_INLINE void exchange(VectorD& a, VectorD& b, Pack<I...>) {
  constexpr int n = kVectorBytes / 8;
  const VectorD low = __builtin_shufflevector(a, b, ((I / U & S) == 0 ? I : n + I - S * U)...);
  const VectorD high = __builtin_shufflevector(a, b, ((I / U & S) == 0 ? I + S * U : n + I)...);
  a = low;
  b = high;
}

template <int U, int S, int L>
LUNOPS_INLINE void transpose_steps(VectorD* r) {
  if constexpr (S < L) {
    for (int i = 0; i < L; ++i) {
      if ((i & S) == 0) exchange<U, S>(r[i], r[i + S], Indices<kVectorBytes / 8>{});
    }
    transpose_steps<U, 2 * S, L>(r);
  }
}

// Transposes kComplexes vectors of complex numbers in place.
template <class T>
LUNOPS_INLINE void transpose(Vector<T>* r) {
  constexpr int n = kComplexes<T>;
  VectorD m[n];
  for (int i = 0; i < n; ++i) m[i] = VectorD(r[i]);
  transpose_steps<static_cast<int>(sizeof(T)) / 4, 1, n>(m);
  for (int i = 0; i < n; ++i) r[i] = Vector<T>(m[i]);
}

template <class V, int... I>
LUNOPS_INLINE V even_lanes_twice(V v, Pack<I...>) {
  return __builtin_shufflevector(v, v, (I & ~1)...);
}
template <class V, int... I>
LUNOPS_INLINE V odd_lanes_twice(V v, Pack<I...>) {
  return __builtin_shufflevector(v, v, (I | 1)...);
}
template <class V, int... I>
LUNOPS_INLINE V pairs_swapped(V v, Pack<I...>) {
  return __builtin_shufflevector(v, v, (I ^ 1)...);
}
template <class V, class H, int... I>
LUNOPS_INLINE V each_twice(H h, Pack<I...>) {
  return __builtin_shufflevector(h, h, (I / 2)...);
}

// Complex product of interleaved vectors, with conj(b) if `conjugate`.
template <class T>
LUNOPS_INLINE Vector<T> multiply(Vector<T> a, Vector<T> b, bool conjugate) {
  const auto lanes = Indices<kReals<T>>{};
  const Vector<T> real = even_lanes_twice(b, lanes);
  Vector<T> imag = odd_lanes_twice(b, lanes);
  Vector<T> sign;
  for (int i = 0; i < kReals<T>; ++i) sign[i] = ((i & 1) != 0) != conjugate ? T(1) : T(-1);
  return fma(a, real, pairs_swapped(a, lanes) * (imag * sign));
}

// One real per complex number, spread over both parts.
template <class T>
LUNOPS_INLINE Vector<T> load_each_twice(const T* p) {
  const auto half = *reinterpret_cast<const typename Simd<T>::Half*>(p);
  return each_twice<Vector<T>>(half, Indices<kReals<T>>{});
}

}  // namespace
}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
