// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "runtime/tensor/tensor.hpp"

namespace lunops {

// How far functions of tensors are from the laws of a linear operator (operators.md §12), for
// operators and for what users give to make one.
using LawFunction = std::function<Tensor(const Tensor&)>;

// 32 eps (1 + log2 n), n the number of terms of a sum; at most 1e-3 in single precision.
double law_tolerance(int64_t terms, DType dtype);

// |a - b| / max(|a|, |b|), 0 for two zeros; names are not compared.
double relative_distance(const Tensor& a, const Tensor& b, Context& context);

// L1, by the worst of three draws, so that the inner product is not near zero in all: y as given,
// y = Ax, x = Aᴴy.
struct AdjointError {
  double error = 0;  // |<Ax, y> - <x, Aᴴy>| by the norms involved
  c128 left, right;  // the two
};
AdjointError adjoint_error(const LawFunction& apply,
                           const LawFunction& adjoint,
                           const Tensor& x,
                           const Tensor& y,
                           bool is_real_linear,
                           Context& context);

// L2: A(px + qz) against p A(x) + q A(z), with complex p and q if `is_complex_linear`.
double linear_error(const LawFunction& apply,
                    const Tensor& x,
                    const Tensor& z,
                    bool is_complex_linear,
                    Context& context);

}  // namespace lunops
