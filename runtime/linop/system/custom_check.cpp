// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include "runtime/core/error.hpp"
#include "runtime/linop/system/custom.hpp"
#include "runtime/plan/law_errors.hpp"

namespace lunops {

namespace {

constexpr uint64_t kSeed = 1;

// Functions of users may sum over everything that they are given.
double tolerance(const Layout& input, const Layout& output, DType dtype) {
  return law_tolerance(std::max(input.shape.count(), output.shape.count()), dtype);
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
  const auto function = [&](const Tensor& u) { return call_host(apply, u, output, context); };
  const double error =
      linear_error(function, x, z, !is_real_linear() && is_complex(x.dtype()), context);
  if (error <= tolerance(*x.layout(), output, x.dtype())) return;
  fail(Code::numeric, label(),
       "{} is not linear: A(ax + bz) and aA(x) + bA(z) differ, relative {}; check = false switches "
       "this test off",
       apply.role, relative_text(error));
}

void CustomCore::check_adjoint(const Tensor& x,
                               const Tensor& random,
                               const Layout& output,
                               Context& context) const {
  const HostCall apply = call(Mode::forward), adjoint = call(Mode::adjoint);
  const AdjointError found =
      adjoint_error([&](const Tensor& u) { return call_host(apply, u, output, context); },
                    [&](const Tensor& v) { return call_host(adjoint, v, *x.layout(), context); }, x,
                    random, is_real_linear(), context);
  if (found.error <= tolerance(*x.layout(), output, x.dtype())) return;
  fail(Code::numeric, label(), "{} does not match: ⟨Ax,y⟩ = {}, ⟨x,Aᴴy⟩ = {}, relative {}",
       adjoint.role, value_text(found.left), value_text(found.right),
       relative_text(std::abs(found.left - found.right) /
                     std::max(std::abs(found.left), std::abs(found.right))));
}

void CustomCore::check_normal(const Tensor& x, const Layout& output, Context& context) const {
  const CustomCore& a = *normal_of_;
  const HostCall apply = a.call(Mode::forward), adjoint = a.call(Mode::adjoint);
  // The shape between the two is apply's to say; both check what they know.
  const Tensor between = apply.function(x.clone(context), context);
  const Tensor product = call_host(adjoint, between, output, context);
  const Tensor normal = call_host(call(Mode::forward), x, output, context);
  const double error = relative_distance(normal, product, context);
  if (error <= 4 * tolerance(*x.layout(), *between.layout(), x.dtype())) return;
  fail(Code::numeric, label(), "normal does not match: h(x) and Aᴴ(Ax) differ, relative {}",
       relative_text(error));
}

}  // namespace lunops
