// SPDX-License-Identifier: MIT
// Device-only.
#pragma once

#include <cstdint>
#include <limits>

#include "runtime/backend/cuda/element.cuh"

namespace lunops::cuda {

// An element of any dtype, widened, for kernels that mix dtypes: which one is a branch that all
// threads take together.  Integers and booleans are exact in `i` as well.
struct Value {
  Complex<double> z;
  int64_t i = 0;

  __device__ Value() : z(0.0, 0.0) {}
  __device__ explicit Value(Complex<double> number) : z(number), i(truncated(number.real())) {}
  __device__ explicit Value(double number) : z(number, 0.0), i(truncated(number)) {}
  __device__ explicit Value(int64_t integer) : z(static_cast<double>(integer), 0.0), i(integer) {}
  __device__ explicit Value(bool flag) : Value(static_cast<int64_t>(flag)) {}

  __device__ bool is_zero() const { return z.real() == 0.0 && z.imag() == 0.0; }

  // Towards zero; what does not fit becomes the nearest that does, NaN becomes 0.
  static __device__ int64_t truncated(double x) {
    if (x != x) return 0;
    if (x >= 0x1p63) return INT64_MAX;
    if (x <= -0x1p63) return INT64_MIN;
    return static_cast<int64_t>(x);
  }
};

// A view's memory with its dtype.
struct Memory {
  void* data;
  DType dtype;

  __device__ Value read(int64_t at) const {
    switch (dtype) {
      case DType::f32:
        return Value(static_cast<double>(static_cast<const float*>(data)[at]));
      case DType::f64:
        return Value(static_cast<const double*>(data)[at]);
      case DType::c64:
        return Value(wide(static_cast<const Complex<float>*>(data)[at]));
      case DType::c128:
        return Value(static_cast<const Complex<double>*>(data)[at]);
      case DType::i32:
        return Value(static_cast<int64_t>(static_cast<const int32_t*>(data)[at]));
      case DType::i64:
        return Value(static_cast<const int64_t*>(data)[at]);
      case DType::boolean:
        return Value(static_cast<const bool*>(data)[at]);
    }
    return Value();
  }

  __device__ void write(int64_t at, const Value& value) const {
    switch (dtype) {
      case DType::f32:
        static_cast<float*>(data)[at] = static_cast<float>(value.z.real());
        return;
      case DType::f64:
        static_cast<double*>(data)[at] = value.z.real();
        return;
      case DType::c64:
        static_cast<Complex<float>*>(data)[at] = converted<Complex<float>>(value.z);
        return;
      case DType::c128:
        static_cast<Complex<double>*>(data)[at] = value.z;
        return;
      case DType::i32:
        static_cast<int32_t*>(data)[at] = static_cast<int32_t>(value.i < INT32_MIN   ? INT32_MIN
                                                               : value.i > INT32_MAX ? INT32_MAX
                                                                                     : value.i);
        return;
      case DType::i64:
        static_cast<int64_t*>(data)[at] = value.i;
        return;
      case DType::boolean:
        static_cast<bool*>(data)[at] = !value.is_zero();
        return;
    }
  }
};

inline Memory memory_of(const RawView& v) { return {v.data, v.dtype}; }

}  // namespace lunops::cuda
