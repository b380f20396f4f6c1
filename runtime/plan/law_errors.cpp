// SPDX-License-Identifier: MIT
#include "runtime/plan/law_errors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lunops {

double law_tolerance(int64_t terms, DType dtype) {
  const double epsilon = is_double(dtype) ? 0x1p-52 : 0x1p-23;
  const double n = static_cast<double>(std::max<int64_t>(1, terms));
  const double tolerance = 32 * epsilon * (1 + std::log2(n));
  return is_double(dtype) ? tolerance : std::min(tolerance, 1e-3);
}

double relative_distance(const Tensor& a, const Tensor& b, Context& context) {
  const double scale = std::max(norm(a, context), norm(b, context));
  if (scale == 0.0) return 0.0;
  return norm(binary(Binary::subtract, a.unname(), b.unname(), context), context) / scale;
}

AdjointError adjoint_error(const LawFunction& apply,
                           const LawFunction& adjoint,
                           const Tensor& x,
                           const Tensor& y,
                           bool is_real_linear,
                           Context& context) {
  AdjointError worst;
  const auto compare = [&](const Tensor& u, const Tensor& v) {
    const Tensor au = apply(u), av = adjoint(v);
    c128 left = dot(au.unname(), v.unname(), context);
    c128 right = dot(u.unname(), av.unname(), context);
    if (is_real_linear) left = left.real(), right = right.real();
    const double scale =
        std::max(norm(au, context) * norm(v, context), norm(u, context) * norm(av, context));
    if (scale == 0.0) return;
    double error = std::abs(left - right) / scale;
    // A NaN is the worst that can be.
    if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
    if (error > worst.error) worst = {error, left, right};
  };
  compare(x, y);
  compare(x, apply(x));
  compare(adjoint(y), y);
  return worst;
}

double linear_error(const LawFunction& apply,
                    const Tensor& x,
                    const Tensor& z,
                    bool is_complex_linear,
                    Context& context) {
  const c128 p = is_complex_linear ? c128(0.7, -1.1) : c128(0.7),
             q = is_complex_linear ? c128(-0.4, 0.3) : c128(-0.4);
  const Tensor sum = x.clone(context);
  axpby(q, z, p, sum, context);
  const Tensor whole = apply(sum);
  // What a function returns may be its own to keep.
  const Tensor parts = apply(x).clone(context);
  axpby(q, apply(z), p, parts, context);
  return relative_distance(whole, parts, context);
}

}  // namespace lunops
