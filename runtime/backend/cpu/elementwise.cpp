// SPDX-License-Identifier: MIT
#include <cmath>

#include "runtime/backend/cpu/blocks.hpp"
#include "runtime/backend/cpu/cpu_backend.hpp"
#include "runtime/backend/cpu/runs.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

using namespace cpu;

namespace {

int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (; exponent > 0; exponent /= 2, factor *= factor) {
    if (exponent % 2 == 1) result *= factor;
  }
  return static_cast<int64_t>(result);
}

template <class T>
T power(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(integer_power(a, b));
  } else if constexpr (is_complex_v<T>) {
    // As a product of logarithms, (-1)^2 would be off by rounding.
    if (b == T(2)) return a * a;
    if (b == T(0)) return T(1);
    return std::pow(a, b);
  } else {
    return std::pow(a, b);
  }
}

// Integers wrap on overflow, so they are combined as unsigned numbers.
template <class T, class F>
T wrapping(T a, T b, const F& f) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(f(static_cast<U>(a), static_cast<U>(b)));
  } else {
    return f(a, b);
  }
}

// As std::complex defines it, without the branch to the slow product of infinities that gcc emits.
template <class T>
T product(T a, T b) {
  if constexpr (is_complex_v<T>) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
  } else {
    return wrapping(a, b, [](auto u, auto v) { return static_cast<decltype(u)>(u * v); });
  }
}

template <class T, class F>
void combine(RawView a, RawView b, RawView y, const Stream& stream, const F& f) {
  using Out = decltype(f(T(), T()));
  const Runs<3> runs({&y, &a, &b});
  runs.run(stream, [&](const auto& offset, int64_t n) {
    T left[kBlockSize], right[kBlockSize];
    Out buffer[kBlockSize];
    for (int64_t i = 0; i < n; i += kBlockSize) {
      const int64_t m = std::min(kBlockSize, n - i);
      void* to = at(y, offset[0] + i * runs.step[0]);
      const T* p = load<T>(a.dtype, at(a, offset[1] + i * runs.step[1]), runs.step[1], m, left);
      const T* q = load<T>(b.dtype, at(b, offset[2] + i * runs.step[2]), runs.step[2], m, right);
      Out* out = target<Out>(y.dtype, to, runs.step[0], buffer);
      for (int64_t j = 0; j < m; ++j) out[j] = f(p[j], q[j]);
      save<Out>(y.dtype, out, to, runs.step[0], m);
    }
  });
}

template <class T>
void binary_as(Binary op, RawView a, RawView b, RawView y, const Stream& stream) {
  const auto run = [&](const auto& f) { combine<T>(a, b, y, stream, f); };
  switch (op) {
    case Binary::add:
      return run([](T u, T v) {
        return wrapping(u, v, [](auto p, auto q) { return static_cast<decltype(p)>(p + q); });
      });
    case Binary::subtract:
      return run([](T u, T v) {
        return wrapping(u, v, [](auto p, auto q) { return static_cast<decltype(p)>(p - q); });
      });
    case Binary::multiply:
      return run([](T u, T v) { return product(u, v); });
    case Binary::divide:
      return run([](T u, T v) {
        if constexpr (std::is_integral_v<T>) {
          // The smallest integer by -1 does not fit either.
          return v == 0    ? T(0)
                 : v == -1 ? wrapping(T(0), u, [](auto p, auto q) { return p - q; })
                           : static_cast<T>(u / v);
        } else {
          return u / v;
        }
      });
    case Binary::power:
      return run([](T u, T v) { return power(u, v); });
    case Binary::equal:
      return run([](T u, T v) { return u == v; });
    case Binary::not_equal:
      return run([](T u, T v) { return u != v; });
    case Binary::less:
    case Binary::less_equal:
    case Binary::greater:
    case Binary::greater_equal:
      // Complex numbers have no order: the caller has refused them.
      if constexpr (!is_complex_v<T>) {
        if (op == Binary::less) return run([](T u, T v) { return u < v; });
        if (op == Binary::less_equal) return run([](T u, T v) { return u <= v; });
        if (op == Binary::greater) return run([](T u, T v) { return u > v; });
        return run([](T u, T v) { return u >= v; });
      }
      return;
  }
}

template <class T, class F>
void map(RawView x, RawView y, const Stream& stream, const F& f) {
  using Out = decltype(f(T()));
  const Runs<2> runs({&y, &x});
  runs.run(stream, [&](const auto& offset, int64_t n) {
    T in[kBlockSize];
    Out buffer[kBlockSize];
    for (int64_t i = 0; i < n; i += kBlockSize) {
      const int64_t m = std::min(kBlockSize, n - i);
      void* to = at(y, offset[0] + i * runs.step[0]);
      const T* p = load<T>(x.dtype, at(x, offset[1] + i * runs.step[1]), runs.step[1], m, in);
      Out* out = target<Out>(y.dtype, to, runs.step[0], buffer);
      for (int64_t j = 0; j < m; ++j) out[j] = f(p[j]);
      save<Out>(y.dtype, out, to, runs.step[0], m);
    }
  });
}

template <class T>
void unary_as(Unary op, RawView x, RawView y, const Stream& stream) {
  const auto run = [&](const auto& f) { map<T>(x, y, stream, f); };
  constexpr bool is_floating_type = is_complex_v<T> || std::is_floating_point_v<T>;
  switch (op) {
    case Unary::negate:
      return run([](T v) {
        if constexpr (std::is_integral_v<T>) {
          return wrapping(T(0), v, [](auto p, auto q) { return static_cast<decltype(p)>(p - q); });
        } else {
          return -v;
        }
      });
    case Unary::conj:
      if constexpr (is_complex_v<T>) return run([](T v) { return std::conj(v); });
      return run([](T v) { return v; });
    case Unary::abs:
      if constexpr (std::is_integral_v<T>)
        return run([](T v) {
          return v < 0 ? static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(v)) : v;
        });
      else
        return run([](T v) { return std::abs(v); });
    case Unary::real:
      if constexpr (is_complex_v<T>) return run([](T v) { return v.real(); });
      return run([](T v) { return v; });
    case Unary::imag:
      if constexpr (is_complex_v<T>) return run([](T v) { return v.imag(); });
      return run([](T) { return T(0); });
    case Unary::square_abs:
      if constexpr (is_complex_v<T>)
        return run([](T v) { return v.real() * v.real() + v.imag() * v.imag(); });
      else
        return run([](T v) { return product(v, v); });
    case Unary::logical_not:
      return run([](T v) { return v == T(0); });
    case Unary::angle:
      if constexpr (is_floating_type) return run([](T v) { return std::arg(v); });
      return;
    case Unary::exp:
      if constexpr (is_floating_type) return run([](T v) { return std::exp(v); });
      return;
    case Unary::sqrt:
      if constexpr (is_floating_type) return run([](T v) { return std::sqrt(v); });
      return;
  }
}

template <class F>
void dispatch_combined(DType dtype, const F& f) {
  switch (dtype) {
    case DType::f32:
      return f.template operator()<float>();
    case DType::f64:
      return f.template operator()<double>();
    case DType::c64:
      return f.template operator()<c64>();
    case DType::c128:
      return f.template operator()<c128>();
    case DType::i32:
      return f.template operator()<int32_t>();
    case DType::i64:
    case DType::boolean:
      return f.template operator()<int64_t>();
  }
}

}  // namespace

void CpuBackend::binary(Binary op, RawView a, RawView b, RawView y, Stream& stream) {
  if (y.empty()) return;
  dispatch_combined(common_of(a.dtype, b.dtype),
                    [&]<class T>() { binary_as<T>(op, a, b, y, stream); });
}

void CpuBackend::unary(Unary op, RawView x, RawView y, Stream& stream) {
  if (y.empty()) return;
  // Functions of integers that are not integers are computed in the precision of the result.
  const bool is_smooth = op == Unary::exp || op == Unary::sqrt || op == Unary::angle;
  const DType inside = is_smooth && !is_floating(x.dtype) ? y.dtype : x.dtype;
  dispatch_combined(inside, [&]<class T>() { unary_as<T>(op, x, y, stream); });
}

void CpuBackend::where(RawView mask, RawView a, RawView b, RawView y, Stream& stream) {
  if (y.empty()) return;
  const Runs<4> runs({&y, &a, &b, &mask});
  dispatch(y.dtype, [&]<class T>() {
    runs.run(stream, [&](const auto& offset, int64_t n) {
      bool choice[kBlockSize];
      T left[kBlockSize], right[kBlockSize], buffer[kBlockSize];
      const auto& step = runs.step;
      for (int64_t i = 0; i < n; i += kBlockSize) {
        const int64_t m = std::min(kBlockSize, n - i);
        void* to = at(y, offset[0] + i * step[0]);
        const T* p = load<T>(a.dtype, at(a, offset[1] + i * step[1]), step[1], m, left);
        const T* q = load<T>(b.dtype, at(b, offset[2] + i * step[2]), step[2], m, right);
        const bool* c =
            load<bool>(mask.dtype, at(mask, offset[3] + i * step[3]), step[3], m, choice);
        T* out = target<T>(y.dtype, to, step[0], buffer);
        for (int64_t j = 0; j < m; ++j) out[j] = c[j] ? p[j] : q[j];
        save<T>(y.dtype, out, to, step[0], m);
      }
    });
  });
}

}  // namespace lunops
