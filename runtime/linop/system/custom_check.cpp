// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/linop/system/custom.hpp"

namespace lunops {

namespace {

constexpr uint64_t kSeed = 1;

// operators.md §12: 32 eps (1 + log2 n), n the number of terms of a sum; functions of users may sum
// over everything that they are given.
double tolerance(const Layout& input, const Layout& output, DType dtype) {
  const double eps = is_double(dtype) ? 0x1p-52 : 0x1p-23;
  const auto n = static_cast<double>(std::max(input.shape.count(), output.shape.count()));
  return std::min(32 * eps * (1 + std::log2(std::max(n, 1.0))), 1e-3);
}

// "1.23+0.00i".
std::string value_text(c128 z) { return fmt::format("{:.2f}{:+.2f}i", z.real(), z.imag()); }

// "2e-1".
std::string relative_text(double x) {
  if (!std::isfinite(x)) return "nan";
  const int exponent = x > 0 ? static_cast<int>(std::floor(std::log10(x))) : 0;
  double digit = std::round(x / std::pow(10.0, exponent));
  if (digit >= 10) return fmt::format("1e{}", exponent + 1);
  return fmt::format("{:.0f}e{}", digit, exponent);
}

double norm_of(const Tensor& x, Context& context) { return norm(x, context); }

Tensor difference(const Tensor& a, const Tensor& b, Context& context) {
  return binary(Binary::subtract, a.unname(), b.unname(), context);
}

}  // namespace

void CustomCore::check_laws(const std::shared_ptr<const Layout>& input,
                            const std::shared_ptr<const Layout>& output,
                            DType dtype,
                            Context& context) const {
  if (input->shape.count() == 0 || output->shape.count() == 0) return;
  // Set first: the functions may plan this operator again.
  if (is_checked_.exchange(true)) return;
  try {
    const Tensor x = randn(input->shape, dtype, kSeed, context);
    const Tensor z = randn(input->shape, dtype, kSeed + 1, context);
    check_linear(x, z, *output, context);
    if (without_adjoint() == nullptr) {
      check_adjoint(x, randn(output->shape, dtype, kSeed + 2, context), *output, context);
    }
    if (is_normal_ && normal_of_->without_adjoint() == nullptr) check_normal(x, *output, context);
  } catch (...) {
    is_checked_ = false;
    throw;
  }
}

void CustomCore::check_linear(const Tensor& x,
                              const Tensor& z,
                              const Layout& output,
                              Context& context) const {
  const HostCall apply = call(Mode::forward);
  const bool is_complex_linear = !is_real_linear() && is_complex(x.dtype());
  const c128 a = is_complex_linear ? c128(0.5, 1.25) : c128(1.25), b(-0.75);
  const Tensor sum = x.clone(context);
  axpby(b, z, a, sum, context);
  const Tensor whole = call_host(apply, sum, output, context);
  const Tensor parts = call_host(apply, x, output, context).clone(context);
  axpby(b, call_host(apply, z, output, context), a, parts, context);
  const double size = std::max(norm_of(whole, context), norm_of(parts, context));
  const double error = norm_of(difference(whole, parts, context), context);
  if (error <= tolerance(*x.layout(), output, x.dtype()) * size) return;
  fail(Code::numeric, label(),
       "{} is not linear: A(ax + bz) and aA(x) + bA(z) differ, relative {}; check = false switches "
       "this test off",
       apply.role, relative_text(error / size));
}

void CustomCore::check_adjoint(const Tensor& x,
                               const Tensor& random,
                               const Layout& output,
                               Context& context) const {
  const HostCall apply = call(Mode::forward), adjoint = call(Mode::adjoint);
  const double tol = tolerance(*x.layout(), output, x.dtype());
  const auto compare = [&](const Tensor& u, const Tensor& v) {
    const Tensor au = call_host(apply, u, output, context);
    const Tensor av = call_host(adjoint, v, *x.layout(), context);
    c128 left = dot(au.unname(), v.unname(), context);
    c128 right = dot(u.unname(), av.unname(), context);
    if (is_real_linear()) left = left.real(), right = right.real();
    const double scale = std::max(norm_of(au, context) * norm_of(v, context),
                                  norm_of(u, context) * norm_of(av, context));
    const double error = std::abs(left - right);
    if (error <= tol * scale) return;
    fail(Code::numeric, label(), "{} does not match: ⟨Ax,y⟩ = {}, ⟨x,Aᴴy⟩ = {}, relative {}",
         adjoint.role, value_text(left), value_text(right),
         relative_text(error / std::max(std::abs(left), std::abs(right))));
  };
  // Three draws, so that the inner product is not near zero in all of them.
  compare(x, random);
  compare(x, call_host(apply, x, output, context));
  compare(call_host(adjoint, random, *x.layout(), context), random);
}

void CustomCore::check_normal(const Tensor& x, const Layout& output, Context& context) const {
  const CustomCore& a = *normal_of_;
  const HostCall apply = a.call(Mode::forward), adjoint = a.call(Mode::adjoint);
  // The shape between the two is apply's to say; both check what they know.
  const Tensor between = apply.function(x.clone(context), context);
  const Tensor product = call_host(adjoint, between, output, context);
  const Tensor normal = call_host(call(Mode::forward), x, output, context);
  const double size = std::max(norm_of(product, context), norm_of(normal, context));
  const double error = norm_of(difference(normal, product, context), context);
  if (error <= 4 * tolerance(*x.layout(), *between.layout(), x.dtype()) * size) return;
  fail(Code::numeric, label(), "normal does not match: h(x) and Aᴴ(Ax) differ, relative {}",
       relative_text(error / size));
}

}  // namespace lunops
