// SPDX-License-Identifier: MIT
#include <algorithm>
#include <numeric>

#include "runtime/core/error.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

namespace {

// "dim 'y'" or, without names, "dim 2" counted from 1 as in Lua.
std::string dim_text(const Shape& shape, int dim) {
  return shape.is_named() ? fmt::format("'{}'", shape.dim(dim).text()) : std::to_string(dim + 1);
}

void check_dim(const char* operation, const Shape& shape, int dim) {
  if (dim >= 0 && dim < shape.ndim()) return;
  fail(Code::shape, operation, "there is no dim {} in {}, which has {}", dim + 1, shape.braced(),
       shape.ndim());
}

}  // namespace

Tensor Tensor::slice(int dim, int64_t first, int64_t count, int64_t step) const {
  check_dim("slice", shape(), dim);
  const int64_t extent = shape().extent(dim);
  // Without a product, which could overflow into the extent.
  const int64_t room = first < 0 || first >= extent ? 0
                       : step > 0                   ? (extent - 1 - first) / step + 1
                       : step < 0                   ? 1 - first / step
                                                    : 0;
  if (step == 0 || count < 0 || (count > 0 && count > room)) {
    fail(Code::shape, "slice",
         "{} elements of {} from {} in steps of {} do not lie in its extent {}", count,
         dim_text(shape(), dim), first + 1, step, extent);
  }
  const auto k = static_cast<size_t>(dim);
  std::vector<int64_t> strides = layout_->strides;
  const int64_t offset = count > 0 ? offset_ + first * strides[k] : offset_;
  if (count > 1) strides[k] *= step;
  return {storage_, Layout::strided(shape().with_extent(dim, count), std::move(strides)), offset,
          dtype_};
}

Tensor Tensor::select(int dim, int64_t index) const {
  check_dim("slice", shape(), dim);
  if (index < 0 || index >= shape().extent(dim)) {
    fail(Code::shape, "slice", "index {} is not in {}, whose extent is {}", index + 1,
         dim_text(shape(), dim), shape().extent(dim));
  }
  std::vector<Dim> dims = shape().dims();
  std::vector<int64_t> extents = shape().extents();
  std::vector<int64_t> strides = layout_->strides;
  const int64_t offset = offset_ + index * strides[static_cast<size_t>(dim)];
  dims.erase(dims.begin() + dim);
  extents.erase(extents.begin() + dim);
  strides.erase(strides.begin() + dim);
  return {storage_, Layout::strided(Shape(std::move(dims), std::move(extents)), std::move(strides)),
          offset, dtype_};
}

Tensor Tensor::permute(const std::vector<int>& order) const {
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int> all(static_cast<size_t>(ndim()));
  std::iota(all.begin(), all.end(), 0);
  if (sorted != all) {
    fail(Code::shape, "permute", "the order must name each of the {} dims of {} once", ndim(),
         shape().braced());
  }
  std::vector<Dim> dims;
  std::vector<int64_t> extents, strides;
  for (const int i : order) {
    dims.push_back(shape().dim(i));
    extents.push_back(shape().extent(i));
    strides.push_back(layout_->strides[static_cast<size_t>(i)]);
  }
  return {storage_, Layout::strided(Shape(std::move(dims), std::move(extents)), std::move(strides)),
          offset_, dtype_};
}

Tensor Tensor::permute(std::string_view names) const {
  const Shape wanted = Shape::parse(names);
  std::vector<int> order;
  for (const Dim dim : wanted.dims()) {
    const int at = shape().find(dim);
    if (at < 0) {
      fail(Code::shape, "permute", "there is no dim '{}' in {}", dim.text(), shape().braced());
    }
    order.push_back(at);
  }
  if (wanted.ndim() != ndim()) {
    for (const Dim dim : shape().dims()) {
      if (wanted.find(dim) < 0) {
        fail(Code::shape, "permute", "'{}' of {} is missing in \"{}\"; name every dim", dim.text(),
             shape().braced(), names);
      }
    }
  }
  return permute(order);
}

Tensor Tensor::with_shape(const Shape& other) const {
  if (other.extents() != shape().extents()) {
    fail(Code::shape, "rename", "{} and {} differ in their extents", shape().braced(),
         other.braced());
  }
  return {storage_,
          std::make_shared<const Layout>(Layout{other, layout_->strides, layout_->is_contiguous}),
          offset_, dtype_};
}

Tensor Tensor::rename(const std::vector<std::pair<std::string, std::string>>& names) const {
  // One simultaneous substitution: swaps and cycles work.
  std::vector<Dim> dims = shape().dims();
  for (const auto& [from, to] : names) {
    const Dim old = Dim::parse(from);
    const Dim now = Dim::parse(to);
    bool is_used = false;
    for (int i = 0; i < ndim(); ++i) {
      const Dim dim = shape().dim(i);
      Dim& result = dims[static_cast<size_t>(i)];
      if (old.primes > 0 ? dim == old : dim.name == old.name) {
        // A key without primes renames the base name and leaves the primes of the dim.
        result = old.primes > 0 || now.primes > 0 ? now : Dim{now.name, dim.primes};
        is_used = true;
      }
    }
    if (!is_used) {
      fail(Code::shape, "rename", "there is no dim '{}' in {}", from, shape().braced());
    }
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (dims[i] == dims[j]) {
        fail(Code::shape, "rename", "two dims of {} would be named '{}'", shape().braced(),
             dims[i].text());
      }
    }
  }
  return with_shape(Shape(std::move(dims), shape().extents()));
}

Tensor Tensor::unname() const { return with_shape(Shape::unnamed(shape().extents())); }

namespace {

Tensor part(const Tensor& x, int64_t which) {
  std::vector<int64_t> strides = x.strides();
  for (int64_t& stride : strides) stride *= 2;
  return {x.storage(), Layout::strided(x.shape(), std::move(strides)), 2 * x.offset() + which,
          real_of(x.dtype())};
}

}  // namespace

Tensor Tensor::real_part() const { return is_complex(dtype_) ? part(*this, 0) : *this; }

Tensor Tensor::imag_part() const {
  if (!is_complex(dtype_)) {
    fail(Code::dtype, "imag", "a {} tensor has no imaginary part", name_of(dtype_));
  }
  return part(*this, 1);
}

std::optional<Tensor> Tensor::try_reshape(const Shape& other) const {
  if (other.count() != count()) {
    fail(Code::shape, "reshape", "{} has {} elements, {} has {}", shape().braced(), count(),
         other.braced(), other.count());
  }
  if (is_contiguous()) return Tensor(storage_, Layout::row_major(other), offset_, dtype_);

  // Dims of x that follow each other without a gap form a run; each run must be cut into whole dims
  // of the new shape.
  struct Run {
    int64_t extent, stride;
  };
  std::vector<Run> runs;
  for (int i = 0; i < ndim(); ++i) {
    const int64_t extent = shape().extent(i);
    const int64_t stride = layout_->strides[static_cast<size_t>(i)];
    if (extent == 1) continue;
    if (!runs.empty() && runs.back().stride == extent * stride) {
      runs.back() = {runs.back().extent * extent, stride};
    } else {
      runs.push_back({extent, stride});
    }
  }
  std::vector<int64_t> strides(static_cast<size_t>(other.ndim()), 0);
  int i = other.ndim() - 1;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    int64_t filled = 1;
    while (filled < run->extent && i >= 0) {
      strides[static_cast<size_t>(i)] = run->stride * filled;
      filled *= other.extent(i--);
    }
    if (filled != run->extent) return std::nullopt;
    // Dims of extent 1 that follow belong to no run; their stride is free.
    while (i >= 0 && other.extent(i) == 1) --i;
  }
  return Tensor(storage_, Layout::strided(other, std::move(strides)), offset_, dtype_);
}

}  // namespace lunops
