// SPDX-License-Identifier: MIT
#pragma once

#include <complex>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/core/dtype.hpp"
#include "runtime/core/shape.hpp"
#include "runtime/device/context.hpp"
#include "runtime/tensor/storage.hpp"

namespace lunops {

// Names, extents and strides of a tensor; immutable, shared by copies.
struct Layout {
  Shape shape;
  std::vector<int64_t> strides;  // elements
  bool is_contiguous = true;     // row-major without gaps

  // Row-major layout of a known shape.
  static std::shared_ptr<const Layout> row_major(const Shape& shape);
  // Any layout; finds out by itself whether it is contiguous.
  static std::shared_ptr<const Layout> strided(Shape shape, std::vector<int64_t> strides);
};

// A named, strided view of shared memory.
//
// A Tensor is a handle: copying it copies no data, and several tensors may share storage.  Views
// (slice, permute, rename, split, merge where strides allow) are free.  Names travel with data; a
// tensor's dims are all named or all unnamed. Nothing is ever permuted, moved to another device or
// converted to another precision silently.
class Tensor {
 public:
  Tensor() = default;  // no storage; is_empty_handle() is true
  Tensor(std::shared_ptr<Storage> storage,
         std::shared_ptr<const Layout> layout,
         int64_t offset,
         DType dtype);

  // Uninitialised, row-major, on context.device.  All extents must be known.
  static Tensor empty(const Shape& shape, DType dtype, Context& context);
  // The same with a row-major layout made before: for repeated applications.
  static Tensor empty(std::shared_ptr<const Layout> layout, DType dtype, Context& context);

  bool is_empty_handle() const noexcept { return storage_ == nullptr; }
  const Shape& shape() const noexcept { return layout_->shape; }
  const std::vector<int64_t>& strides() const noexcept { return layout_->strides; }
  const std::shared_ptr<const Layout>& layout() const noexcept { return layout_; }
  const std::shared_ptr<Storage>& storage() const noexcept { return storage_; }
  int64_t offset() const noexcept { return offset_; }  // elements from the start of the storage
  DType dtype() const noexcept { return dtype_; }
  Device device() const noexcept { return storage_->device(); }
  int ndim() const noexcept { return shape().ndim(); }
  int64_t count() const { return shape().count(); }
  size_t bytes() const { return static_cast<size_t>(count()) * size_of(dtype_); }
  bool is_contiguous() const noexcept { return layout_->is_contiguous; }

  void* data() const noexcept {
    return storage_->data() + offset_ * static_cast<int64_t>(size_of(dtype_));
  }
  // For host code that reads or writes elements.  Throws Error{device} for memory of a device.
  template <class T>
  T* data_as() const {
    if (!device().is_host()) refuse_host();
    return static_cast<T*>(data());
  }
  RawView view() const;  // for kernels

  // Free views.  `slice` keeps the dim: first, count and step in elements, from 0; `select` drops
  // it.
  Tensor slice(int dim, int64_t first, int64_t count, int64_t step = 1) const;
  Tensor select(int dim, int64_t index) const;
  Tensor permute(const std::vector<int>& order) const;
  Tensor permute(std::string_view names) const;  // all dims, by name
  Tensor with_shape(const Shape& shape) const;   // same extents, other names
  Tensor rename(const std::vector<std::pair<std::string, std::string>>& names) const;
  Tensor unname() const;
  Tensor real_part() const;  // view of the real parts of complex data
  Tensor imag_part() const;
  std::optional<Tensor> try_reshape(const Shape& shape) const;  // a view if strides allow

  // Copies.
  Tensor clone(Context& context) const;
  Tensor contiguous(Context& context) const;       // itself if it already is
  Tensor as(DType dtype, Context& context) const;  // complex to real is Error{dtype}
  Tensor to(Device device, Context& context) const;

 private:
  [[noreturn]] void refuse_host() const;

  std::shared_ptr<Storage> storage_;
  std::shared_ptr<const Layout> layout_;
  int64_t offset_ = 0;
  DType dtype_ = DType::c64;
};

// Row-major strides of these extents.
std::vector<int64_t> row_major(const std::vector<int64_t>& extents);

// Factories (defaults of the Lua side: c64).  All take a known shape.
Tensor zeros(const Shape& shape, DType dtype, Context& context);
Tensor full(const Shape& shape, c128 value, DType dtype, Context& context);
Tensor arange(const Shape& shape, DType dtype, Context& context);  // 0, 1, 2 … in row-major order
Tensor eye(const Shape& shape, DType dtype, Context& context);     // "n=3" gives n n'
Tensor from_values(const Shape& shape,
                   DType dtype,
                   std::span<const c128> values,
                   Context& context);  // row-major
// Counter-based (Philox 4x32-10): element i depends on (seed, i) alone, i the logical index.
// Source: Salmon et al., SC'11.  Complex normal: E|z|^2 = 1.  Complex uniform: both parts in [0,
// 1).
Tensor rand(const Shape& shape, DType dtype, uint64_t seed, Context& context);
Tensor randn(const Shape& shape, DType dtype, uint64_t seed, Context& context);
c128 value_at(const Tensor& x, std::span<const int64_t> index);  // one element, widened
c128 item(const Tensor& x);                                      // of a tensor with one element

// Element-wise arithmetic with broadcasting by name and the promotion rules of lua-host §3.2.
enum class Binary : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  power,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal
};
enum class Unary : uint8_t {
  negate,
  conj,
  abs,
  angle,
  exp,
  sqrt,
  real,
  imag,
  square_abs,
  logical_not
};
enum class Reduction : uint8_t { sum, mean, min, max, norm, any, all };

Tensor binary(Binary op, const Tensor& a, const Tensor& b, Context& context);
Tensor binary(Binary op, const Tensor& a, c128 b, Context& context);
Tensor binary(Binary op, c128 a, const Tensor& b, Context& context);
Tensor unary(Unary op, const Tensor& x, Context& context);
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b, Context& context);
Tensor reduce(Reduction op,
              const Tensor& x,
              const std::vector<int>& dims,
              Context& context);                               // these dims vanish
c128 dot(const Tensor& x, const Tensor& y, Context& context);  // sum of conj(x)*y, in double
double norm(const Tensor& x, Context& context);                // 2-norm, in double

// In place.  They touch the storage's version.
void fill(const Tensor& y, c128 value, Context& context);
void copy(const Tensor& y, const Tensor& x, Context& context);  // y <- x, equal shapes and dtypes
void axpby(c128 a, const Tensor& x, c128 b, const Tensor& y, Context& context);  // y <- a x + b y

// einops-style rearrangement, and contraction over the names that the output lacks (never
// conjugates by itself).
Tensor rearrange(const Tensor& x,
                 std::string_view pattern,
                 const std::vector<std::pair<std::string, int64_t>>& extents,
                 Context& context);
// The same patterns with names missing on the right, which are reduced ...
Tensor reduce(const Tensor& x,
              std::string_view pattern,
              Reduction op,
              const std::vector<std::pair<std::string, int64_t>>& extents,
              Context& context);
// ... and with new names on the right, along which x is repeated: a view with stride 0 there.
Tensor expand(const Tensor& x,
              std::string_view pattern,
              const std::vector<std::pair<std::string, int64_t>>& extents,
              Context& context);
Tensor einsum(std::string_view text, std::span<const Tensor> operands, Context& context);

// |a - b| <= atol + rtol |b| for every element; NaN is close to nothing.  Both sides have the same
// dims, extents and device; dtypes may differ.
struct Closeness {
  bool is_close = true;
  double difference = 0;       // the largest |a - b| among elements that are not close
  std::vector<int64_t> index;  // where it is, from 0
  std::string text() const;    // "largest difference 0.5 at {y=3, x=2}", with indices from 1
  std::vector<Dim> dims;
};
Closeness allclose(const Tensor& a, const Tensor& b, double rtol, double atol, Context& context);

}  // namespace lunops
