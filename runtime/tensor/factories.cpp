// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"
#include "runtime/tensor/numbers.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

// The same call with results in memory that the host can write.
Context on_host(const Context& context) {
  Context host = context;
  if (!context.device.is_host()) {
    host.device = Device::host();
    host.account = std::make_shared<Account>(Device::host());
    host.stream = std::make_shared<Stream>(Device::host(), Backend::cpu(), context.threads());
  }
  return host;
}

Tensor random(bool normal, const Shape& shape, DType dtype, uint64_t seed, Context& context) {
  const char* operation = normal ? "randn" : "rand";
  if (!is_floating(dtype)) {
    fail(Code::dtype, operation,
         "{} tensors cannot be filled with random numbers; take f32, f64, c64 or c128",
         name_of(dtype));
  }
  Context there = on_device(context.device, context);
  Tensor y = Tensor::empty(shape, dtype, there);
  const int64_t first = y.storage()->logical_first;
  there.backend().random(normal, seed, first, y.view(), *there.stream);
  return y;
}

}  // namespace

Tensor zeros(const Shape& shape, DType dtype, Context& context) {
  return full(shape, 0.0, dtype, context);
}

Tensor full(const Shape& shape, c128 value, DType dtype, Context& context) {
  check_number("full", value, dtype);
  Context there = on_device(context.device, context);
  Tensor y = Tensor::empty(shape, dtype, there);
  there.backend().fill(value, y.view(), *there.stream);
  return y;
}

Tensor arange(const Shape& shape, DType dtype, Context& context) {
  if (dtype == DType::boolean) {
    fail(Code::dtype, "arange", "bool tensors hold no counts; take an integer or floating dtype");
  }
  Context host = on_host(context);
  Tensor y = Tensor::empty(shape, dtype, host);
  const int64_t n = y.count(), first = y.storage()->logical_first;
  dispatch(dtype, [&]<class T>() {
    T* out = y.data_as<T>();
    for (int64_t i = 0; i < n; ++i) {
      if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
        out[i] = static_cast<typename T::value_type>(first + i);
      } else {
        out[i] = static_cast<T>(first + i);
      }
    }
  });
  return y.to(context.device, context);
}

Tensor eye(const Shape& shape, DType dtype, Context& context) {
  if (shape.ndim() != 1 && shape.ndim() != 2) {
    fail(Code::shape, "eye", "{} has {} dims; give one (\"n=3\" makes n n') or two", shape.braced(),
         shape.ndim());
  }
  Shape square = shape;
  if (shape.ndim() == 1) {
    const Dim dim = shape.dim(0);
    const Dim primed{dim.name, static_cast<uint8_t>(dim.primes + 1)};
    const int64_t n = shape.extent(0);
    square = shape.is_named() ? Shape({dim, primed}, {n, n}) : Shape::unnamed({n, n});
  }
  Tensor y = zeros(square, dtype, context);
  // The diagonal is itself a strided view.
  const int64_t n = std::min(square.extent(0), square.extent(1));
  const Tensor diagonal(y.storage(), Layout::strided(Shape::unnamed({n}), {square.extent(1) + 1}),
                        y.offset(), dtype);
  Context there = on_device(y.device(), context);
  there.backend().fill(1.0, diagonal.view(), *there.stream);
  return y;
}

Tensor from_values(const Shape& shape,
                   DType dtype,
                   std::span<const c128> values,
                   Context& context) {
  for (const c128 value : values) check_number("tensor", value, dtype);
  Context host = on_host(context);
  Tensor y = Tensor::empty(shape, dtype, host);
  if (static_cast<int64_t>(values.size()) != y.count()) {
    fail(Code::shape, "tensor", "{} has {} elements, but {} values were given", shape.braced(),
         y.count(), values.size());
  }
  dispatch(dtype, [&]<class T>() {
    T* out = y.data_as<T>();
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
        out[i] = T(values[i]);
      } else if constexpr (std::is_same_v<T, bool>) {
        out[i] = values[i] != 0.0;
      } else {
        out[i] = static_cast<T>(values[i].real());
      }
    }
  });
  return y.to(context.device, context);
}

Tensor rand(const Shape& shape, DType dtype, uint64_t seed, Context& context) {
  return random(false, shape, dtype, seed, context);
}

Tensor randn(const Shape& shape, DType dtype, uint64_t seed, Context& context) {
  return random(true, shape, dtype, seed, context);
}

c128 value_at(const Tensor& x, std::span<const int64_t> index) {
  if (static_cast<int>(index.size()) != x.ndim()) {
    fail(Code::shape, "value_at", "{} indices were given for the {} dims of {}", index.size(),
         x.ndim(), x.shape().braced());
  }
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d) {
    const int64_t extent = x.shape().extents()[d];
    if (index[d] < 0 || index[d] >= extent) {
      fail(Code::shape, "value_at", "index {} is not in dim {}, whose extent is {}", index[d] + 1,
           d + 1, extent);
    }
    offset += index[d] * x.strides()[d];
  }
  if (!x.device().is_host()) {
    Context host;
    const Tensor one(x.storage(), Layout::row_major(Shape()), x.offset() + offset, x.dtype());
    return item(one.to(Device::host(), host));
  }
  return dispatch(x.dtype(), [&]<class T>() -> c128 {
    const T value = x.data_as<T>()[offset];
    if constexpr (std::is_same_v<T, c64> || std::is_same_v<T, c128>) {
      return c128(value);
    } else {
      return {static_cast<double>(value), 0.0};
    }
  });
}

c128 item(const Tensor& x) {
  if (x.count() != 1) {
    fail(Code::shape, "item", "{} has {} elements; item() is for tensors with one",
         x.shape().braced(), x.count());
  }
  const std::vector<int64_t> zero(static_cast<size_t>(x.ndim()), 0);
  return value_at(x, zero);
}

}  // namespace lunops
