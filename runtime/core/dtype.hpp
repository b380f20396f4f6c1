// SPDX-License-Identifier: MIT
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lunops {

using c64 = std::complex<float>;
using c128 = std::complex<double>;

// Element types of tensors.  `boolean` is stored as one byte, 0 or 1.
enum class DType : uint8_t { f32, f64, c64, c128, i32, i64, boolean };

std::string_view name_of(DType dtype) noexcept;  // "f32" … "bool"
std::optional<DType> parse_dtype(std::string_view name) noexcept;
size_t size_of(DType dtype) noexcept;

constexpr bool is_complex(DType t) noexcept { return t == DType::c64 || t == DType::c128; }
constexpr bool is_real(DType t) noexcept { return t == DType::f32 || t == DType::f64; }
constexpr bool is_floating(DType t) noexcept { return is_complex(t) || is_real(t); }
constexpr bool is_double(DType t) noexcept { return t == DType::f64 || t == DType::c128; }

// The real and the complex type of the same precision; defined for floating types.
constexpr DType real_of(DType t) noexcept { return is_double(t) ? DType::f64 : DType::f32; }
constexpr DType complex_of(DType t) noexcept { return is_double(t) ? DType::c128 : DType::c64; }

// The type in which two operands are combined: complex if one is, in double if one is; integers
// take the precision of a floating operand; two booleans count as i64.
constexpr DType common_of(DType a, DType b) noexcept {
  if (is_floating(a) || is_floating(b)) {
    const bool wide = is_double(a) || is_double(b);
    if (is_complex(a) || is_complex(b)) return wide ? DType::c128 : DType::c64;
    return wide ? DType::f64 : DType::f32;
  }
  const bool narrow = (a == DType::i32 && b != DType::i64) || (b == DType::i32 && a != DType::i64);
  return narrow ? DType::i32 : DType::i64;
}

template <class T>
struct dtype_of;
template <>
struct dtype_of<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct dtype_of<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct dtype_of<c64> {
  static constexpr DType value = DType::c64;
};
template <>
struct dtype_of<c128> {
  static constexpr DType value = DType::c128;
};
template <>
struct dtype_of<int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct dtype_of<int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct dtype_of<bool> {
  static constexpr DType value = DType::boolean;
};
template <class T>
inline constexpr DType dtype_v = dtype_of<T>::value;

// Calls f.template operator()<T>() with the C++ type of `dtype`.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
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
      return f.template operator()<int64_t>();
    case DType::boolean:
      return f.template operator()<bool>();
  }
  __builtin_unreachable();
}

// The same over f32 f64 c64 c128; the caller has checked that the type is one of them.
template <class F>
decltype(auto) dispatch_floating(DType dtype, F&& f) {
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
    case DType::i64:
    case DType::boolean:
      break;
  }
  __builtin_unreachable();
}

}  // namespace lunops
