// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "runtime/tensor/tensor.hpp"

namespace lunops {

// Broadcasting by name: the dims of one operand are a subset of the other's, in the same order.
// Unnamed tensors have equal rank; a named and an unnamed one are matched by position.
// The layout is row-major with the larger shape.
// Throws Error{shape} that shows the einsum (for products) or the expand to write.
std::shared_ptr<const Layout> broadcast(std::string_view operation,
                                        const Tensor& a,
                                        const Tensor& b);

// x under the dims of `shape`, with stride 0 in those it lacks; `shape` came from `broadcast`.
RawView view_as(const Tensor& x, const Shape& shape);

// Throws Error{device} naming both and `:to`.
void check_device(std::string_view operation, const Tensor& a, const Tensor& b);

// The dtype of the result of combining two tensors.  Precision never changes: f32 with f64 is
// Error{dtype} naming `:as`, f32 with c64 is c64.
DType promote(std::string_view operation, DType a, DType b);

}  // namespace lunops
