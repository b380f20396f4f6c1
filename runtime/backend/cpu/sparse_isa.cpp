// SPDX-License-Identifier: MIT
// Compiled once per instruction set; isa.hpp says what may not be included here.
#include "runtime/backend/cpu/rounded.hpp"
#include "runtime/backend/cpu/sparse.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

namespace {

using Rows = SparseTable::Rows;

enum class Value { one, real, complex };

// Entries of row r.
struct Entries {
  int64_t begin, end;
};
inline Entries entries(const Rows& a, int64_t r) {
  return a.first == nullptr ? Entries{r, r + 1} : Entries{a.first[r], a.first[r + 1]};
}

// y = alpha sum + beta y; `parts` numbers make an element.
template <class R, int kParts>
inline void store(const double* sum, const double* s, R* y) {
  const bool reads = s[2] != 0 || s[3] != 0;
  if constexpr (kParts == 1) {
    double value = s[0] * sum[0];
    if (reads) value += s[2] * static_cast<double>(y[0]);
    y[0] = static_cast<R>(value);
  } else {
    double re = LUNOPS_ROUNDED(s[0] * sum[0]) - LUNOPS_ROUNDED(s[1] * sum[1]);
    double im = LUNOPS_ROUNDED(s[0] * sum[1]) + LUNOPS_ROUNDED(s[1] * sum[0]);
    if (reads) {
      const double c = static_cast<double>(y[0]), d = static_cast<double>(y[1]);
      re += LUNOPS_ROUNDED(s[2] * c) - LUNOPS_ROUNDED(s[3] * d);
      im += LUNOPS_ROUNDED(s[2] * d) + LUNOPS_ROUNDED(s[3] * c);
    }
    y[0] = static_cast<R>(re);
    y[1] = static_cast<R>(im);
  }
}

// sum += value[k] x
template <class R, int kParts, Value kValue>
inline void add(const Rows& a, int64_t k, const R* x, double* sum) {
  const auto* value = static_cast<const R*>(a.value);
  if constexpr (kValue == Value::complex) {
    const double re = static_cast<double>(value[2 * k]);
    const double im = static_cast<double>(a.conjugate ? -value[2 * k + 1] : value[2 * k + 1]);
    const double c = static_cast<double>(x[0]), d = static_cast<double>(x[1]);
    sum[0] += LUNOPS_ROUNDED(re * c) - LUNOPS_ROUNDED(im * d);
    sum[1] += LUNOPS_ROUNDED(re * d) + LUNOPS_ROUNDED(im * c);
  } else {
    const double w = kValue == Value::one ? 1.0 : static_cast<double>(value[k]);
    for (int p = 0; p < kParts; ++p) sum[p] += w * static_cast<double>(x[p]);
  }
}

template <class F>
inline void with_value(const Rows& a, bool is_complex, const F& f) {
  if (a.value == nullptr) {
    f.template operator()<Value::one>();
  } else if (a.is_real || !is_complex) {
    f.template operator()<Value::real>();
  } else {
    f.template operator()<Value::complex>();
  }
}

// One number of 4, 8 or 16 bytes.
template <class R, int kParts>
struct Element {
  R part[kParts];
};

template <class R, int kParts>
void each(const Rows& a,
          const void* x_data,
          int64_t x_step,
          const double* s,
          void* y_data,
          int64_t y_step) {
  if (a.first == nullptr && a.value == nullptr && s[0] == 1 && s[1] == 0 && s[2] == 0 &&
      s[3] == 0) {
    // A selection moves elements as they are.
    using E = Element<R, kParts>;
    const auto* x = static_cast<const E*>(x_data);
    auto* y = static_cast<E*>(y_data);
    for (int64_t r = 0; r < a.count; ++r) y[r * y_step] = x[a.column[r] * x_step];
    return;
  }
  const auto* x = static_cast<const R*>(x_data);
  auto* y = static_cast<R*>(y_data);
  with_value(a, kParts == 2, [&]<Value kValue>() {
    if constexpr (kValue != Value::complex || kParts == 2) {
      for (int64_t r = 0; r < a.count; ++r) {
        const Entries e = entries(a, r);
        double sum[kParts] = {};
        for (int64_t k = e.begin; k < e.end; ++k) {
          add<R, kParts, kValue>(a, k, x + a.column[k] * x_step * kParts, sum);
        }
        store<R, kParts>(sum, s, y + r * y_step * kParts);
      }
    }
  });
}

template <class R, int kParts>
void wide(const Rows& a,
          int64_t n,
          const void* x_data,
          int64_t x_step,
          const double* s,
          void* y_data,
          int64_t y_step) {
  const auto* x = static_cast<const R*>(x_data);
  auto* y = static_cast<R*>(y_data);
  with_value(a, kParts == 2, [&]<Value kValue>() {
    if constexpr (kValue != Value::complex || kParts == 2) {
      for (int64_t r = 0; r < a.count; ++r) {
        const Entries e = entries(a, r);
        double sum[kParts * kWidest];
        for (int64_t i = 0; i < kParts * n; ++i) sum[i] = 0;
        for (int64_t k = e.begin; k < e.end; ++k) {
          const R* from = x + a.column[k] * x_step * kParts;
          for (int64_t i = 0; i < n; ++i) {
            add<R, kParts, kValue>(a, k, from + i * kParts, sum + i * kParts);
          }
        }
        for (int64_t i = 0; i < n; ++i) {
          store<R, kParts>(sum + i * kParts, s, y + (r * y_step + i) * kParts);
        }
      }
    }
  });
}

}  // namespace

extern const SparseTable sparse_table = {
    {each<float, 1>, each<double, 1>, each<float, 2>, each<double, 2>},
    {wide<float, 1>, wide<double, 1>, wide<float, 2>, wide<double, 2>},
};

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
