// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/device/context.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

// The vectors of one solve: their shape, precision and device, and which dims are batch dims.
//
// Inner products run over all dims but the batch dims, so each scalar is an array over the batch
// elements (row-major; one element without batch dims), in double.  Solvers ask this object for
// products and updates and never a backend.  It holds scratch, so one solve on one thread uses it.
class VectorSpace {
 public:
  // Throws Error{shape} if `shape` lacks a batch dim.
  VectorSpace(std::string_view operation,
              const Shape& shape,
              DType dtype,
              const std::vector<std::string>& batch,
              Context& context);

  size_t elements() const noexcept { return elements_; }  // of the batch
  const Shape& batch_shape() const noexcept { return batch_shape_; }
  double roundoff() const noexcept;  // of the data's precision

  Tensor vector() const;                                   // uninitialised
  Tensor copy_of(const Tensor& x) const;                   // contiguous, in this space's layout
  void copy(const Tensor& x, const Tensor& y) const;       // y <- x
  void subtract(const Tensor& x, const Tensor& y) const;   // y <- y - x
  void zero(size_t element, const Tensor& x) const;        // the element's part of x <- 0
  void scale(std::span<const double> s, const Tensor& x);  // x <- s x

  void norm2(const Tensor& x, std::span<double> result);               // |x|^2
  void dot(const Tensor& x, const Tensor& y, std::span<c128> result);  // sum of conj(x) y

  // A part of the vectors that is a {batch, n} array: where it starts, and its first batch element.
  struct Part {
    int64_t offset = 0;
    size_t first = 0;
  };
  const std::vector<Part>& parts() const noexcept { return parts_; }
  int64_t rows() const noexcept { return rows_; }  // batch elements of a part
  RawView view(const Tensor& x, const Part& part) const;

 private:
  Shape shape_, batch_shape_;
  DType dtype_;
  Context& context_;
  size_t elements_ = 1;
  std::vector<Part> parts_;
  int64_t rows_ = 1, row_stride_ = 0, columns_ = 1, column_stride_ = 1;
  Tensor weights_;               // of scale(), in the real precision of the data
  std::vector<double> partial_;  // sums of one part, where several parts add up
  std::vector<c128> partial_products_;
};

}  // namespace lunops
