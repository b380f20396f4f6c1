// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/combine.hpp"
#include "runtime/backend/cpu/vector.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

namespace {

// Vectors of the result that are summed at once: enough chains of additions to hide their latency,
// and few enough for the registers of every set.
constexpr int kOne = 6;
constexpr int kTwo = 4;

template <class T, int kVectors>
LUNOPS_INLINE void sum_block(const T* const* rows, const T* c, int64_t taps, T* y, int64_t at) {
  Vector<T> sum[kVectors] = {};
  for (int64_t t = 0; t < taps; ++t) {
    const T* row = rows[t] + at;
    const Vector<T> factor = splat(c[t]);
    for (int v = 0; v < kVectors; ++v) sum[v] = fma(load(row + v * kReals<T>), factor, sum[v]);
  }
  for (int v = 0; v < kVectors; ++v) store(y + at + v * kReals<T>, sum[v]);
}

template <class T, int kVectors>
LUNOPS_INLINE void sum_block(
    const T* const* rows, const T* c, const T* d, int64_t taps, T* y, T* z, int64_t at) {
  Vector<T> first[kVectors] = {}, second[kVectors] = {};
  for (int64_t t = 0; t < taps; ++t) {
    const T* row = rows[t] + at;
    const Vector<T> factor = splat(c[t]), other = splat(d[t]);
    for (int v = 0; v < kVectors; ++v) {
      const Vector<T> x = load(row + v * kReals<T>);
      first[v] = fma(x, factor, first[v]);
      second[v] = fma(x, other, second[v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    store(y + at + v * kReals<T>, first[v]);
    store(z + at + v * kReals<T>, second[v]);
  }
}

// Calls block<V>(at) so that [0, n) is covered, the last vector by one that overlaps its
// neighbour.  False: n is less than a vector.
#define LUNOPS_COVER(T, kVectors, n, BLOCK)                    \
  constexpr int64_t width = kReals<T>;                         \
  int64_t at = 0;                                              \
  for (; at + kVectors * width <= n; at += kVectors * width) { \
    BLOCK(kVectors, at);                                       \
  }                                                            \
  for (; at + width <= n; at += width) {                       \
    BLOCK(1, at);                                              \
  }                                                            \
  if (at == n) return;                                         \
  if (n >= width) {                                            \
    BLOCK(1, n - width);                                       \
    return;                                                    \
  }

template <class T>
void sum_rows(const T* const* rows, const T* c, int64_t taps, T* y, int64_t n) {
#define LUNOPS_BLOCK(V, i) sum_block<T, V>(rows, c, taps, y, i)
  LUNOPS_COVER(T, kOne, n, LUNOPS_BLOCK)
#undef LUNOPS_BLOCK
  for (int64_t i = 0; i < n; ++i) {
    T sum = 0;
    for (int64_t t = 0; t < taps; ++t) sum = fma(rows[t][i], c[t], sum);
    y[i] = sum;
  }
}

template <class T>
void sum_rows_twice(
    const T* const* rows, const T* c, const T* d, int64_t taps, T* y, T* z, int64_t n) {
#define LUNOPS_BLOCK(V, i) sum_block<T, V>(rows, c, d, taps, y, z, i)
  LUNOPS_COVER(T, kTwo, n, LUNOPS_BLOCK)
#undef LUNOPS_BLOCK
  for (int64_t i = 0; i < n; ++i) {
    T sum = 0, other = 0;
    for (int64_t t = 0; t < taps; ++t) {
      sum = fma(rows[t][i], c[t], sum);
      other = fma(rows[t][i], d[t], other);
    }
    y[i] = sum;
    z[i] = other;
  }
}

#undef LUNOPS_COVER

// Lanes of two vectors of pairs: the even ones of both, or the odd ones; U lanes per element.
template <int U, int kOdd, class V, int... I>
LUNOPS_INLINE V every_other(V a, V b, Pack<I...>) {
  return __builtin_shufflevector(a, b, ((I / U * 2 + kOdd) * U + I % U)...);
}
// The first or second half of the elements of two vectors, alternating.
template <int U, int kSecond, class V, int... I>
LUNOPS_INLINE V alternating(V a, V b, Pack<I...>) {
  constexpr int lanes = sizeof...(I);
  return __builtin_shufflevector(
      a, b, (I / U % 2 * lanes + (I / U / 2) * U + I % U + kSecond * (lanes / 2))...);
}

template <class T, int U>
void split_pairs(const T* x, T* even, T* odd, int64_t n) {
  constexpr int64_t width = kReals<T>;
  int64_t i = 0;
  if constexpr (2 * U <= kReals<T>) {
    const auto lanes = Indices<kReals<T>>{};
    for (; i + width <= n * U; i += width) {
      const Vector<T> a = load(x + 2 * i), b = load(x + 2 * i + width);
      store(even + i, every_other<U, 0>(a, b, lanes));
      store(odd + i, every_other<U, 1>(a, b, lanes));
    }
  }
  for (i /= U; i < n; ++i) {
    for (int u = 0; u < U; ++u) {
      even[i * U + u] = x[2 * i * U + u];
      odd[i * U + u] = x[(2 * i + 1) * U + u];
    }
  }
}

template <class T, int U>
void join_pairs(const T* even, const T* odd, T* y, int64_t n) {
  constexpr int64_t width = kReals<T>;
  int64_t i = 0;
  if constexpr (2 * U <= kReals<T>) {
    const auto lanes = Indices<kReals<T>>{};
    for (; i + width <= n * U; i += width) {
      const Vector<T> a = load(even + i), b = load(odd + i);
      store(y + 2 * i, alternating<U, 0>(a, b, lanes));
      store(y + 2 * i + width, alternating<U, 1>(a, b, lanes));
    }
  }
  for (i /= U; i < n; ++i) {
    for (int u = 0; u < U; ++u) {
      y[2 * i * U + u] = even[i * U + u];
      y[(2 * i + 1) * U + u] = odd[i * U + u];
    }
  }
}

template <class T>
void split(const T* x, int reals, T* even, T* odd, int64_t n) {
  if (reals == 1) {
    split_pairs<T, 1>(x, even, odd, n);
  } else {
    split_pairs<T, 2>(x, even, odd, n);
  }
}

template <class T>
void join(const T* even, const T* odd, int reals, T* y, int64_t n) {
  if (reals == 1) {
    join_pairs<T, 1>(even, odd, y, n);
  } else {
    join_pairs<T, 2>(even, odd, y, n);
  }
}

template <class T>
void turn(const T* a, const T* b, T* y, int64_t n) {
  const auto lanes = Indices<kReals<T>>{};
  Vector<T> sign;
  for (int i = 0; i < kReals<T>; ++i) sign[i] = (i & 1) != 0 ? T(1) : T(-1);
  constexpr int64_t step = kComplexes<T>;
  for (int64_t i = 0; i < n; i += step) {
    const int64_t count = n - i < step ? n - i : step;
    if (count == step) {
      store(y + 2 * i, load(a + 2 * i) + pairs_swapped(load(b + 2 * i), lanes) * sign);
    } else {
      const Vector<T> v = load_part(b + 2 * i, count);
      store_part(y + 2 * i, load_part(a + 2 * i, count) + pairs_swapped(v, lanes) * sign, count);
    }
  }
}

}  // namespace

extern const CombineTable combine_table;
const CombineTable combine_table = {
    {sum_rows<float>, sum_rows_twice<float>, split<float>, join<float>, turn<float>},
    {sum_rows<double>, sum_rows_twice<double>, split<double>, join<double>, turn<double>},
};

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
