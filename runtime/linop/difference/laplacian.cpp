// SPDX-License-Identifier: MIT
#include "runtime/linop/difference/laplacian.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops {

LaplacianCore::LaplacianCore(Description description,
                             std::vector<Axis> axes,
                             std::vector<TermPair> pairs,
                             Signature signature,
                             std::string name)
    : TridiagonalCore(std::move(axes), std::move(pairs), std::move(signature), std::move(name)),
      description_(std::move(description)),
      is_self_adjoint_(!is_piece() && this->signature().adjoint() == this->signature()) {}

std::vector<TridiagonalCore::Axis> LaplacianCore::axes_of(const Description& description) {
  std::vector<Axis> axes;
  for (const double h : description.spacings) {
    axes.push_back(
        {second_difference_line(description.boundary, h, description.is_negated ? -1.0 : 1.0), 0});
  }
  return axes;
}

std::string LaplacianCore::details() const {
  return fmt::format("{}{}{}", description_.is_negated ? "negated, " : "",
                     name_of(description_.boundary), spacing_text(description_.spacings));
}

std::optional<double> LaplacianCore::norm_bound() const {
  double sum = 0;
  for (const double h : description_.spacings) sum += 4 / (h * h);
  return sum * sum;
}

std::shared_ptr<const Core> LaplacianCore::piece(std::vector<Axis> axes,
                                                 Signature signature) const {
  return std::make_shared<LaplacianCore>(description_, std::move(axes), pairs(),
                                         std::move(signature), name());
}

Linop Laplacian(std::string_view text, const GradientOptions& options) {
  const Boundary boundary = boundary_named("Laplacian", options.boundary);
  Signature signature = primed_signature("Laplacian", text, options.dims);
  std::vector<TermPair> pairs = mixed_pairs("Laplacian", signature);
  if (pairs.empty()) {
    fail(Code::shape, "Laplacian",
         "\"{}\" has the same dims on both sides, so nothing is differentiated; write \"x -> x'\"",
         text);
  }
  check_listed("Laplacian", "dims", signature, pairs, options.dims);
  LaplacianCore::Description description{
      boundary, spacings_of("Laplacian", signature, pairs, options.spacing)};
  signature = equal_extents("Laplacian", with_options("Laplacian", signature, options), pairs);
  std::vector<TridiagonalCore::Axis> axes = LaplacianCore::axes_of(description);
  return Linop(std::make_shared<LaplacianCore>(std::move(description), std::move(axes),
                                               std::move(pairs), std::move(signature),
                                               options.name));
}

}  // namespace lunops
