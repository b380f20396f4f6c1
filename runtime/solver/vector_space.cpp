// SPDX-License-Identifier: MIT
#include "runtime/solver/vector_space.hpp"

#include <algorithm>
#include <limits>

#include "runtime/backend/backend.hpp"
#include "runtime/core/error.hpp"

namespace lunops {
namespace {

// Neighbouring dims that are all batch dims or all others.
struct Group {
  bool is_batch = false;
  int64_t extent = 1;
  int64_t stride = 1;
};

std::vector<bool> batch_mask(std::string_view operation,
                             const Shape& shape,
                             const std::vector<std::string>& batch) {
  std::vector<bool> mask(static_cast<size_t>(shape.ndim()), false);
  for (const std::string& name : batch) {
    const int i = shape.find(name);
    if (i < 0) {
      fail(Code::shape, operation, "batch dim '{}' is not a dim of the vectors {}", name,
           shape.braced());
    }
    mask[static_cast<size_t>(i)] = true;
  }
  return mask;
}

}  // namespace

VectorSpace::VectorSpace(std::string_view operation,
                         const Shape& shape,
                         DType dtype,
                         const std::vector<std::string>& batch,
                         Context& context)
    : shape_(shape), dtype_(dtype), context_(context) {
  const std::vector<bool> mask = batch_mask(operation, shape, batch);
  std::vector<Dim> batch_dims;
  std::vector<int64_t> batch_extents;
  std::vector<Group> groups;
  for (int i = 0; i < shape.ndim(); ++i) {
    const bool is_batch = mask[static_cast<size_t>(i)];
    if (is_batch) {
      batch_dims.push_back(shape.dim(i));
      batch_extents.push_back(shape.extent(i));
      elements_ *= static_cast<size_t>(shape.extent(i));
    }
    if (groups.empty() || groups.back().is_batch != is_batch) groups.push_back({is_batch, 1, 1});
    groups.back().extent *= shape.extent(i);
  }
  batch_shape_ = Shape(std::move(batch_dims), std::move(batch_extents));
  for (size_t g = groups.size(); g-- > 1;) {
    groups[g - 1].stride = groups[g].stride * groups[g].extent;
  }

  // The last two groups are one {batch, n} array; each index of those before it is a part.
  const size_t leading = groups.size() > 2 ? groups.size() - 2 : 0;
  size_t rows_in_part = 1;
  for (size_t g = leading; g < groups.size(); ++g) {
    if (groups[g].is_batch) {
      rows_ = groups[g].extent;
      row_stride_ = groups[g].stride;
      rows_in_part = static_cast<size_t>(rows_);
    } else {
      columns_ = groups[g].extent;
      column_stride_ = groups[g].stride;
    }
  }
  parts_ = {Part{}};
  for (size_t g = 0; g < leading; ++g) {
    size_t later = rows_in_part;
    for (size_t h = g + 1; h < leading; ++h) {
      if (groups[h].is_batch) later *= static_cast<size_t>(groups[h].extent);
    }
    std::vector<Part> refined;
    for (const Part& part : parts_) {
      for (int64_t i = 0; i < groups[g].extent; ++i) {
        refined.push_back({part.offset + i * groups[g].stride,
                           part.first + (groups[g].is_batch ? static_cast<size_t>(i) * later : 0)});
      }
    }
    parts_ = std::move(refined);
  }
  partial_.resize(elements_);
  partial_products_.resize(elements_);
}

double VectorSpace::roundoff() const noexcept {
  return is_double(dtype_) ? 0.5 * std::numeric_limits<double>::epsilon()
                           : 0.5 * std::numeric_limits<float>::epsilon();
}

RawView VectorSpace::view(const Tensor& x, const Part& part) const {
  RawView v;
  v.data = static_cast<std::byte*>(x.data()) + part.offset * static_cast<int64_t>(size_of(dtype_));
  v.dtype = dtype_;
  v.ndim = 2;
  v.extent[0] = rows_;
  v.extent[1] = columns_;
  v.stride[0] = row_stride_;
  v.stride[1] = column_stride_;
  return v;
}

Tensor VectorSpace::vector() const { return Tensor::empty(shape_, dtype_, context_); }

Tensor VectorSpace::copy_of(const Tensor& x) const {
  const Tensor y = vector();
  copy(x, y);
  return y;
}

void VectorSpace::copy(const Tensor& x, const Tensor& y) const {
  context_.backend().copy(x.view(), false, y.view(), *context_.stream);
}

void VectorSpace::subtract(const Tensor& x, const Tensor& y) const {
  context_.backend().axpby(x.view(), false, {-1.0, 1.0}, y.view(), *context_.stream);
}

void VectorSpace::zero(size_t element, const Tensor& x) const {
  for (const Part& part : parts_) {
    if (element < part.first || element >= part.first + static_cast<size_t>(rows_)) continue;
    RawView row = view(x, part);
    const int64_t skip = static_cast<int64_t>(element - part.first) * row_stride_;
    row.data = static_cast<std::byte*>(row.data) + skip * static_cast<int64_t>(size_of(dtype_));
    row.extent[0] = 1;
    context_.backend().fill(0.0, row, *context_.stream);
  }
}

void VectorSpace::scale(std::span<const double> s, const Tensor& x) {
  const DType real = real_of(dtype_);
  if (weights_.is_empty_handle()) {
    Context host = on_device(Device::host(), context_);
    weights_ = Tensor::empty(Shape::unnamed({static_cast<int64_t>(elements_)}), real, host);
  }
  for (size_t i = 0; i < elements_; ++i) {
    if (real == DType::f32) {
      weights_.data_as<float>()[i] = static_cast<float>(s[i]);
    } else {
      weights_.data_as<double>()[i] = s[i];
    }
  }
  const Tensor there = weights_.to(context_.device, context_);
  for (const Part& part : parts_) {
    const RawView y = view(x, part);
    RawView w = y;
    w.dtype = real;
    w.data = static_cast<std::byte*>(there.data()) + part.first * size_of(real);
    w.stride[0] = 1;
    w.stride[1] = 0;
    context_.backend().multiply(w, y, false, {}, y, *context_.stream);
  }
}

void VectorSpace::norm2(const Tensor& x, std::span<double> result) {
  std::fill(result.begin(), result.end(), 0.0);
  for (const Part& part : parts_) {
    context_.backend().norm2(view(x, part), partial_.data(), *context_.stream);
    for (size_t i = 0; i < static_cast<size_t>(rows_); ++i) result[part.first + i] += partial_[i];
  }
}

void VectorSpace::dot(const Tensor& x, const Tensor& y, std::span<c128> result) {
  std::fill(result.begin(), result.end(), c128(0));
  for (const Part& part : parts_) {
    context_.backend().dot(view(x, part), view(y, part), partial_products_.data(),
                           *context_.stream);
    for (size_t i = 0; i < static_cast<size_t>(rows_); ++i) {
      result[part.first + i] += partial_products_[i];
    }
  }
}

}  // namespace lunops
