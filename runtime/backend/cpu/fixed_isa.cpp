// SPDX-License-Identifier: MIT
// Compiled once per instruction set; isa.hpp says what may not be included here.
#include "runtime/backend/cpu/fixed.hpp"
#include "runtime/backend/cpu/vector.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

namespace {

template <class R, bool kComplex>
struct Type {
  using Real = R;
  static constexpr bool is_complex = kComplex;
};

template <class R>
inline double wide(R x) {
  return static_cast<double>(x);
}

// ---- element by element

template <class R, bool kComplexA, bool kComplexB>
void accumulate_run(int64_t n,
                    const R* a,
                    int64_t a_step,
                    double sign_a,
                    const R* b,
                    int64_t b_step,
                    double sign_b,
                    double* sums) {
  constexpr int64_t a_parts = kComplexA ? 2 : 1, b_parts = kComplexB ? 2 : 1;
  for (int64_t i = 0; i < n; ++i) {
    const R *u = a + i * a_step * a_parts, *v = b + i * b_step * b_parts;
    if constexpr (!kComplexB) {
      sums[i] = fma(wide(u[0]), wide(v[0]), sums[i]);
    } else {
      const double c = wide(v[0]), d = sign_b * wide(v[1]);
      double re = fma(wide(u[0]), c, sums[2 * i]), im = fma(wide(u[0]), d, sums[2 * i + 1]);
      if constexpr (kComplexA) {
        const double q = sign_a * wide(u[1]);
        re = fma(-q, d, re);
        im = fma(q, c, im);
      }
      sums[2 * i] = re;
      sums[2 * i + 1] = im;
    }
  }
}

template <class T>
void accumulate(int64_t n,
                const void* a,
                int64_t a_step,
                bool real_a,
                bool conjugate_a,
                const void* b,
                int64_t b_step,
                bool conjugate_b,
                double* sums) {
  using R = typename T::Real;
  const auto* u = static_cast<const R*>(a);
  const auto* v = static_cast<const R*>(b);
  const double sign_a = conjugate_a ? -1 : 1, sign_b = conjugate_b ? -1 : 1;
  // Steps as constants where they are 1 or 0, so that the compiler may vectorise.
  const auto run = [&]<bool kComplexA>() {
    if (b_step == 1 && a_step == 1) {
      accumulate_run<R, kComplexA, T::is_complex>(n, u, 1, sign_a, v, 1, sign_b, sums);
    } else if (b_step == 1 && a_step == 0) {
      accumulate_run<R, kComplexA, T::is_complex>(n, u, 0, sign_a, v, 1, sign_b, sums);
    } else {
      accumulate_run<R, kComplexA, T::is_complex>(n, u, a_step, sign_a, v, b_step, sign_b, sums);
    }
  };
  if constexpr (T::is_complex) {
    if (!real_a) return run.template operator()<true>();
  }
  run.template operator()<false>();
}

// ---- panels

template <class T>
void pack(int64_t count,
          int64_t length,
          const void* data,
          int64_t step,
          int64_t k_step,
          bool conjugate,
          int64_t side,
          double* panel) {
  constexpr int64_t parts = T::is_complex ? 2 : 1;
  const auto* x = static_cast<const typename T::Real*>(data);
  const double sign = conjugate ? -1 : 1;
  const auto put = [&](int64_t i, int64_t k) {
    const auto* from = x + (i * step + k * k_step) * parts;
    double* to = panel + k * parts * side + i;
    to[0] = wide(from[0]);
    if constexpr (T::is_complex) to[side] = sign * wide(from[1]);
  };
  if (k_step == 1) {
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t k = 0; k < length; ++k) put(i, k);
    }
  } else {
    for (int64_t k = 0; k < length; ++k) {
      for (int64_t i = 0; i < count; ++i) put(i, k);
    }
  }
}

constexpr int kLanes = kReals<double>;
// Vectors of a left panel: as many sums as the registers of the set hold, with the operands.
constexpr int kRealVectors = kVectorBytes == 64 ? 4 : 2;
constexpr int kComplexVectors = kVectorBytes == 64 ? 2 : 1;
constexpr int kColumns = static_cast<int>(kFixedColumns);

void multiply_real(int64_t length, const double* left, const double* right, double* totals) {
  VectorD sum[kColumns][kRealVectors] = {};
  for (int64_t k = 0; k < length; ++k) {
    const double* row = left + k * kRealVectors * kLanes;
    VectorD v[kRealVectors];
    for (int i = 0; i < kRealVectors; ++i) v[i] = load(row + i * kLanes);
    for (int j = 0; j < kColumns; ++j) {
      const VectorD w = splat(right[k * kColumns + j]);
      for (int i = 0; i < kRealVectors; ++i) sum[j][i] = fma(v[i], w, sum[j][i]);
    }
  }
  for (int j = 0; j < kColumns; ++j) {
    for (int i = 0; i < kRealVectors; ++i) {
      double* to = totals + (j * kRealVectors + i) * kLanes;
      store(to, load(to) + sum[j][i]);
    }
  }
}

// kOther: the left panel is the second operand.
template <bool kComplexLeft, bool kComplexRight, bool kOther>
void multiply_complex(int64_t length, const double* left, const double* right, double* totals) {
  constexpr int n = kComplexVectors;
  constexpr int64_t left_parts = kComplexLeft ? 2 : 1, right_parts = kComplexRight ? 2 : 1;
  VectorD re[kColumns][n] = {}, im[kColumns][n] = {};
  for (int64_t k = 0; k < length; ++k) {
    const double* row = left + k * left_parts * n * kLanes;
    const double* column = right + k * right_parts * kColumns;
    VectorD u[n], v[n] = {};
    for (int i = 0; i < n; ++i) {
      u[i] = load(row + i * kLanes);
      if constexpr (kComplexLeft) v[i] = load(row + (n + i) * kLanes);
    }
    for (int j = 0; j < kColumns; ++j) {
      const VectorD c = splat(column[j]);
      for (int i = 0; i < n; ++i) re[j][i] = fma(u[i], c, re[j][i]);
      if constexpr (!kComplexRight) {
        for (int i = 0; i < n; ++i) im[j][i] = fma(v[i], c, im[j][i]);
      } else {
        const VectorD d = splat(column[kColumns + j]);
        if constexpr (!kComplexLeft) {
          for (int i = 0; i < n; ++i) im[j][i] = fma(u[i], d, im[j][i]);
        } else {
          for (int i = 0; i < n; ++i) {
            re[j][i] = fma(-v[i], d, re[j][i]);
            if constexpr (kOther) {
              im[j][i] = fma(v[i], c, im[j][i]);
              im[j][i] = fma(u[i], d, im[j][i]);
            } else {
              im[j][i] = fma(u[i], d, im[j][i]);
              im[j][i] = fma(v[i], c, im[j][i]);
            }
          }
        }
      }
    }
  }
  for (int j = 0; j < kColumns; ++j) {
    for (int i = 0; i < n; ++i) {
      double* to = totals + (2 * j * n + i) * kLanes;
      store(to, load(to) + re[j][i]);
      store(to + n * kLanes, load(to + n * kLanes) + im[j][i]);
    }
  }
}

}  // namespace

#define LUNOPS_ALL(f) \
  { f<Type<float, false>>, f<Type<double, false>>, f<Type<float, true>>, f<Type<double, true>> }

extern const FixedTable fixed_table;
const FixedTable fixed_table = {
    {kRealVectors * kLanes, kComplexVectors* kLanes},
    LUNOPS_ALL(accumulate),
    LUNOPS_ALL(pack),
    multiply_real,
    {multiply_complex<true, true, false>, multiply_complex<true, true, true>},
    multiply_complex<false, true, false>,
    multiply_complex<true, false, false>,
};

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
