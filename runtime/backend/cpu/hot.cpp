// SPDX-License-Identifier: MIT
// Compiled once per instruction set; isa.hpp says what may not be included here.
#include "runtime/backend/cpu/hot.hpp"

#include <stdint.h>

#include "runtime/backend/cpu/rounded.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

namespace {

template <class R>
struct Complex {
  R re, im;
};

// One loop body serves real and complex elements.
template <class T>
struct Element;
template <>
struct Element<float> {
  using Real = float;
  static constexpr bool is_complex = false;
};
template <>
struct Element<double> {
  using Real = double;
  static constexpr bool is_complex = false;
};
template <class R>
struct Element<Complex<R>> {
  using Real = R;
  static constexpr bool is_complex = true;
};

template <class T>
using Real = typename Element<T>::Real;

template <class T>
inline T scalar(const double* z) {
  if constexpr (Element<T>::is_complex) {
    return {static_cast<Real<T>>(z[0]), static_cast<Real<T>>(z[1])};
  } else {
    return static_cast<T>(z[0]);
  }
}

template <class T>
inline T times(T a, T b) {
  if constexpr (Element<T>::is_complex) {
    return {LUNOPS_ROUNDED(a.re * b.re) - LUNOPS_ROUNDED(a.im * b.im),
            LUNOPS_ROUNDED(a.re * b.im) + LUNOPS_ROUNDED(a.im * b.re)};
  } else {
    return a * b;
  }
}

template <class T>
inline T plus(T a, T b) {
  if constexpr (Element<T>::is_complex) {
    return {a.re + b.re, a.im + b.im};
  } else {
    return a + b;
  }
}

template <bool conjugate, class T>
inline T conj_if(T a) {
  if constexpr (Element<T>::is_complex && conjugate) {
    return {a.re, -a.im};
  } else {
    return a;
  }
}

// Calls f with the steps as constants where they are 1, so that the compiler may vectorise.
struct One {
  constexpr operator int64_t() const { return 1; }
};
struct Zero {
  constexpr operator int64_t() const { return 0; }
};
template <class F>
inline void with_steps(int64_t a, int64_t b, const F& f) {
  if (a == 1 && b == 1) {
    f(One{}, One{});
  } else {
    f(a, b);
  }
}

enum class Beta { zero, one, other };

template <class F>
inline void with_beta(const double* beta, const F& f) {
  if (beta[0] == 0 && beta[1] == 0) {
    f.template operator()<Beta::zero>();
  } else if (beta[0] == 1 && beta[1] == 0) {
    f.template operator()<Beta::one>();
  } else {
    f.template operator()<Beta::other>();
  }
}

template <Beta kind, class T>
inline T finish(T product, T beta, const T& y) {
  if constexpr (kind == Beta::zero) {
    return product;
  } else if constexpr (kind == Beta::one) {
    return plus(product, y);
  } else {
    return plus(product, times(beta, y));
  }
}

// ---- y = alpha x + beta y

template <class T>
void axpby(int64_t n,
           const void* x_data,
           int64_t x_step,
           bool conjugate,
           const double* s,
           void* y_data,
           int64_t y_step) {
  if constexpr (Element<T>::is_complex) {
    // Real factors act on both parts alike, without shuffles.
    if (s[1] == 0 && s[3] == 0 && !conjugate) {
      if (x_step == 1 && y_step == 1) {
        axpby<Real<T>>(2 * n, x_data, 1, false, s, y_data, 1);
        return;
      }
      const auto* x = static_cast<const Real<T>*>(x_data);
      auto* y = static_cast<Real<T>*>(y_data);
      axpby<Real<T>>(n, x, 2 * x_step, false, s, y, 2 * y_step);
      axpby<Real<T>>(n, x + 1, 2 * x_step, false, s, y + 1, 2 * y_step);
      return;
    }
  }
  const T* x = static_cast<const T*>(x_data);
  T* y = static_cast<T*>(y_data);
  const T alpha = scalar<T>(s), beta = scalar<T>(s + 2);
  with_beta(s + 2, [&]<Beta kind>() {
    with_steps(x_step, y_step, [&](auto xs, auto ys) {
      if (conjugate) {
        for (int64_t i = 0; i < n; ++i)
          y[i * ys] = finish<kind>(times(alpha, conj_if<true>(x[i * xs])), beta, y[i * ys]);
      } else if (s[0] == 1 && s[1] == 0) {
        for (int64_t i = 0; i < n; ++i) y[i * ys] = finish<kind>(x[i * xs], beta, y[i * ys]);
      } else {
        for (int64_t i = 0; i < n; ++i)
          y[i * ys] = finish<kind>(times(alpha, x[i * xs]), beta, y[i * ys]);
      }
    });
  });
}

// ---- y = alpha w x + beta y

template <class T>
inline T scaled(Real<T> w, T x) {
  if constexpr (Element<T>::is_complex) {
    return {w * x.re, w * x.im};
  } else {
    return w * x;
  }
}

template <bool conjugate, class T, class W, class WS, class XS, class YS>
void multiply_run(int64_t n, const W* w, WS ws, const T* x, XS xs, const double* s, T* y, YS ys) {
  const T alpha = scalar<T>(s), beta = scalar<T>(s + 2);
  const bool is_plain = s[0] == 1 && s[1] == 0;
  const auto product = [&](int64_t i) {
    if constexpr (sizeof(W) == sizeof(T)) {
      return times(conj_if<conjugate>(w[i * ws]), x[i * xs]);
    } else {
      return scaled(w[i * ws], x[i * xs]);
    }
  };
  with_beta(s + 2, [&]<Beta kind>() {
    if (is_plain) {
      for (int64_t i = 0; i < n; ++i) y[i * ys] = finish<kind>(product(i), beta, y[i * ys]);
    } else {
      for (int64_t i = 0; i < n; ++i)
        y[i * ys] = finish<kind>(times(alpha, product(i)), beta, y[i * ys]);
    }
  });
}

template <class T, class W>
void multiply_any(int64_t n,
                  const W* w,
                  int64_t w_step,
                  bool conjugate,
                  const T* x,
                  int64_t x_step,
                  const double* s,
                  T* y,
                  int64_t y_step) {
  // The same operations for any steps: how dims were merged must not show in the bits.
  const auto run = [&]<bool conj>() {
    if (w_step == 1 && x_step == 1 && y_step == 1) {
      multiply_run<conj>(n, w, One{}, x, One{}, s, y, One{});
    } else if (w_step == 0 && x_step == 1 && y_step == 1) {
      multiply_run<conj>(n, w, Zero{}, x, One{}, s, y, One{});
    } else {
      multiply_run<conj>(n, w, w_step, x, x_step, s, y, y_step);
    }
  };
  if (conjugate) {
    run.template operator()<true>();
  } else {
    run.template operator()<false>();
  }
}

template <class T>
void multiply(int64_t n,
              const void* w,
              int64_t w_step,
              bool real_w,
              bool conjugate,
              const void* x,
              int64_t x_step,
              const double* s,
              void* y,
              int64_t y_step) {
  const T* xt = static_cast<const T*>(x);
  T* yt = static_cast<T*>(y);
  if (real_w || !Element<T>::is_complex) {
    multiply_any(n, static_cast<const Real<T>*>(w), w_step, false, xt, x_step, s, yt, y_step);
  } else {
    multiply_any(n, static_cast<const T*>(w), w_step, conjugate, xt, x_step, s, yt, y_step);
  }
}

// ---- sums in double
//
// Sixteen partial sums per run, combined in a fixed tree: the order of additions depends on
// n alone, on every instruction set.

constexpr int kLanes = 16;

// The sums of the even and of the odd lanes.
struct Halves {
  double even, odd;
};

inline Halves halves(const double* lanes) {
  double t[kLanes];
  for (int l = 0; l < kLanes; ++l) t[l] = lanes[l];
  for (int half = kLanes / 2; half > 1; half /= 2) {
    for (int l = 0; l < half; ++l) t[l] += t[l + half];
  }
  return {t[0], t[1]};
}

inline double total(const double* lanes, double tail) {
  const Halves h = halves(lanes);
  return h.even + h.odd + tail;
}

template <class R>
double norm2_real(int64_t n, const R* x) {
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      const double v = static_cast<double>(x[i + l]);
      lanes[l] += v * v;
    }
  }
  double tail = 0;
  for (; i < n; ++i) tail += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total(lanes, tail);
}

template <class T>
double norm2(int64_t n, const void* data, int64_t step) {
  const auto* x = static_cast<const Real<T>*>(data);
  constexpr int64_t parts = Element<T>::is_complex ? 2 : 1;
  if (step == 1) return norm2_real(parts * n, x);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t part = 0; part < parts; ++part) {
      const double v = static_cast<double>(x[i * step * parts + part]);
      sum += v * v;
    }
  }
  return sum;
}

template <class R>
double dot_real(int64_t n, const R* x, const R* y) {
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l)
      lanes[l] += static_cast<double>(x[i + l]) * static_cast<double>(y[i + l]);
  }
  double tail = 0;
  for (; i < n; ++i) tail += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return total(lanes, tail);
}

// Vectors of the machine's width: the compiler does not find the exchange of neighbours by itself
// (97 us against 14 us for the norm of 256 x 256 c64, measured on one core of a Zen 5).
#if defined(__AVX512F__)
constexpr int kWidth = 8;
#elif defined(__AVX__)
constexpr int kWidth = 4;
#else
constexpr int kWidth = 2;
#endif
constexpr int kVectors = kLanes / kWidth;

typedef double Doubles __attribute__((vector_size(8 * kWidth)));

// kWidth elements from anywhere, widened.
template <class R>
inline Doubles widened(const R* x) {
  typedef R Narrow __attribute__((vector_size(sizeof(R) * kWidth), aligned(sizeof(R)), may_alias));
  return __builtin_convertvector(*reinterpret_cast<const Narrow*>(x), Doubles);
}

// The other part of each complex number.
inline Doubles exchanged(Doubles v) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
#elif defined(__AVX__)
  return __builtin_shufflevector(v, v, 1, 0, 3, 2);
#else
  return __builtin_shufflevector(v, v, 1, 0);
#endif
}

// The four sums of products of parts, from which the caller takes sum conj(x) y or sum x y:
// re re', im im', re im', im re'.
template <class R>
void dot_complex(int64_t n, const R* x, const R* y, double* result) {
  Doubles same[kVectors] = {}, crossed[kVectors] = {};
  int64_t i = 0;
  for (; i + kLanes <= 2 * n; i += kLanes) {
    for (int v = 0; v < kVectors; ++v) {
      const Doubles p = widened(x + i + v * kWidth), q = widened(y + i + v * kWidth);
      same[v] += p * q;
      crossed[v] += p * exchanged(q);
    }
  }
  double lanes[2][kLanes];
  for (int l = 0; l < kLanes; ++l) {
    lanes[0][l] = same[l / kWidth][l % kWidth];
    lanes[1][l] = crossed[l / kWidth][l % kWidth];
  }
  const Halves s = halves(lanes[0]), c = halves(lanes[1]);
  result[0] = s.even;
  result[1] = s.odd;
  result[2] = c.even;
  result[3] = c.odd;
  for (; i < 2 * n; i += 2) {
    const double re = static_cast<double>(x[i]), im = static_cast<double>(x[i + 1]);
    const double other_re = static_cast<double>(y[i]), other_im = static_cast<double>(y[i + 1]);
    result[0] += re * other_re;
    result[1] += im * other_im;
    result[2] += re * other_im;
    result[3] += im * other_re;
  }
}

template <class T>
void dot(int64_t n,
         const void* x_data,
         int64_t x_step,
         const void* y_data,
         int64_t y_step,
         double* sum) {
  const auto* x = static_cast<const Real<T>*>(x_data);
  const auto* y = static_cast<const Real<T>*>(y_data);
  sum[0] = sum[1] = sum[2] = sum[3] = 0;
  if constexpr (Element<T>::is_complex) {
    if (x_step == 1 && y_step == 1) {
      dot_complex(n, x, y, sum);
      return;
    }
    for (int64_t i = 0; i < n; ++i) {
      const double a = static_cast<double>(x[2 * i * x_step]);
      const double b = static_cast<double>(x[2 * i * x_step + 1]);
      const double c = static_cast<double>(y[2 * i * y_step]);
      const double d = static_cast<double>(y[2 * i * y_step + 1]);
      sum[0] += a * c;
      sum[1] += b * d;
      sum[2] += a * d;
      sum[3] += b * c;
    }
  } else {
    if (x_step == 1 && y_step == 1) {
      sum[0] = dot_real(n, x, y);
      return;
    }
    for (int64_t i = 0; i < n; ++i)
      sum[0] += static_cast<double>(x[i * x_step]) * static_cast<double>(y[i * y_step]);
  }
}

// ---- sums += a b, element by element

template <bool conj_a, bool conj_b, class A, class B, class AS, class BS>
void accumulate_run(int64_t n, const A* a, AS as, const B* b, BS bs, double* sums) {
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (!Element<B>::is_complex) {
      sums[i] += static_cast<double>(a[i * as]) * static_cast<double>(b[i * bs]);
    } else {
      const B z = conj_if<conj_b>(b[i * bs]);
      const double c = static_cast<double>(z.re), d = static_cast<double>(z.im);
      if constexpr (Element<A>::is_complex) {
        const A w = conj_if<conj_a>(a[i * as]);
        const double p = static_cast<double>(w.re), q = static_cast<double>(w.im);
        sums[2 * i] += LUNOPS_ROUNDED(p * c) - LUNOPS_ROUNDED(q * d);
        sums[2 * i + 1] += LUNOPS_ROUNDED(p * d) + LUNOPS_ROUNDED(q * c);
      } else {
        const double p = static_cast<double>(a[i * as]);
        sums[2 * i] += p * c;
        sums[2 * i + 1] += p * d;
      }
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
  const T* bt = static_cast<const T*>(b);
  with_steps(a_step, b_step, [&](auto as, auto bs) {
    const auto run = [&]<bool conj_a, bool conj_b>() {
      if (real_a || !Element<T>::is_complex) {
        accumulate_run<false, conj_b>(n, static_cast<const Real<T>*>(a), as, bt, bs, sums);
      } else {
        accumulate_run<conj_a, conj_b>(n, static_cast<const T*>(a), as, bt, bs, sums);
      }
    };
    if (conjugate_a) {
      conjugate_b ? run.template operator()<true, true>() : run.template operator()<true, false>();
    } else {
      conjugate_b ? run.template operator()<false, true>()
                  : run.template operator()<false, false>();
    }
  });
}

template <class T>
void add(int64_t n, const void* x_data, double* sums) {
  const auto* x = static_cast<const Real<T>*>(x_data);
  constexpr int64_t parts = Element<T>::is_complex ? 2 : 1;
  for (int64_t i = 0; i < parts * n; ++i) sums[i] += static_cast<double>(x[i]);
}

template <class T>
void add_squares(int64_t n, const void* x_data, double* sums) {
  const auto* x = static_cast<const Real<T>*>(x_data);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (Element<T>::is_complex) {
      const double re = static_cast<double>(x[2 * i]), im = static_cast<double>(x[2 * i + 1]);
      sums[i] += re * re + im * im;
    } else {
      sums[i] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
  }
}

template <class T>
void store(int64_t n, const double* sums, const double* s, void* y_data, int64_t y_step) {
  T* y = static_cast<T*>(y_data);
  const double ar = s[0], ai = s[1], br = s[2], bi = s[3];
  const bool reads = br != 0 || bi != 0;
  for (int64_t i = 0; i < n; ++i) {
    T& out = y[i * y_step];
    if constexpr (Element<T>::is_complex) {
      double re = LUNOPS_ROUNDED(ar * sums[2 * i]) - LUNOPS_ROUNDED(ai * sums[2 * i + 1]);
      double im = LUNOPS_ROUNDED(ar * sums[2 * i + 1]) + LUNOPS_ROUNDED(ai * sums[2 * i]);
      if (reads) {
        const double c = static_cast<double>(out.re), d = static_cast<double>(out.im);
        re += LUNOPS_ROUNDED(br * c) - LUNOPS_ROUNDED(bi * d);
        im += LUNOPS_ROUNDED(br * d) + LUNOPS_ROUNDED(bi * c);
      }
      out = {static_cast<Real<T>>(re), static_cast<Real<T>>(im)};
    } else {
      double value = ar * sums[i];
      if (reads) value += br * static_cast<double>(out);
      out = static_cast<T>(value);
    }
  }
}

// ---- x += alpha p; r -= alpha q; |r|^2

// A block of r stays in the first-level cache between its update and its norm.
constexpr int64_t kBlock = 1024;

template <class T>
double cg_update(int64_t n,
                 const double* alpha,
                 const void* p,
                 int64_t p_step,
                 const void* q,
                 int64_t q_step,
                 void* x,
                 int64_t x_step,
                 void* r,
                 int64_t r_step) {
  const double plus_alpha[4] = {alpha[0], alpha[1], 1, 0};
  const double minus_alpha[4] = {-alpha[0], -alpha[1], 1, 0};
  double sum = 0;
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t m = n - first < kBlock ? n - first : kBlock;
    const T* pt = static_cast<const T*>(p) + first * p_step;
    const T* qt = static_cast<const T*>(q) + first * q_step;
    T* xt = static_cast<T*>(x) + first * x_step;
    T* rt = static_cast<T*>(r) + first * r_step;
    axpby<T>(m, pt, p_step, false, plus_alpha, xt, x_step);
    axpby<T>(m, qt, q_step, false, minus_alpha, rt, r_step);
    sum += norm2<T>(m, rt, r_step);
  }
  return sum;
}

}  // namespace

#define LUNOPS_ALL(f) \
  { f<float>, f<double>, f<Complex<float>>, f<Complex<double>> }

extern const HotTable hot_table = {
    LUNOPS_ALL(axpby),       LUNOPS_ALL(multiply),   LUNOPS_ALL(dot),
    LUNOPS_ALL(norm2),       LUNOPS_ALL(accumulate), LUNOPS_ALL(add),
    LUNOPS_ALL(add_squares), LUNOPS_ALL(store),      LUNOPS_ALL(cg_update),
};

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
