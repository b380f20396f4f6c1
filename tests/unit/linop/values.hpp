// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/error.hpp"
#include "runtime/tensor/tensor.hpp"

// Tensors of a few values, written and read as lists, for hand-checked cases.
namespace lunops::test {

inline Tensor tensor(std::string_view shape,
                     const std::vector<c128>& values,
                     DType dtype = DType::c64) {
  Context context;
  return from_values(Shape::parse(shape), dtype, values, context);
}

inline std::vector<c128> values_of(const Tensor& x) {
  Context context;
  const Tensor row = x.to(Device::host(), context).contiguous(context);
  std::vector<c128> values;
  for (int64_t i = 0; i < row.count(); ++i) {
    switch (row.dtype()) {
      case DType::f32:
        values.emplace_back(row.data_as<float>()[i]);
        break;
      case DType::f64:
        values.emplace_back(row.data_as<double>()[i]);
        break;
      case DType::c64:
        values.emplace_back(row.data_as<c64>()[i]);
        break;
      case DType::c128:
        values.push_back(row.data_as<c128>()[i]);
        break;
      case DType::i32:
      case DType::i64:
      case DType::boolean:
        fail(Code::internal, "test", "integers are compared by value_at");
    }
  }
  return values;
}

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace lunops::test
