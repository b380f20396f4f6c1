// SPDX-License-Identifier: MIT
#include "runtime/linop/difference/finite_difference.hpp"

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops {

FiniteDifferenceCore::FiniteDifferenceCore(Difference difference,
                                           Boundary boundary,
                                           double spacing,
                                           std::vector<Axis> axes,
                                           std::vector<TermPair> pairs,
                                           Signature signature,
                                           std::string name)
    : TridiagonalCore(std::move(axes), std::move(pairs), std::move(signature), std::move(name)),
      difference_(difference),
      boundary_(boundary),
      spacing_(spacing) {}

std::string FiniteDifferenceCore::details() const {
  return fmt::format("{}, {}{}", name_of(difference_), name_of(boundary_),
                     spacing_text({spacing_}));
}

std::optional<double> FiniteDifferenceCore::norm_bound() const {
  // ‖D‖² <= ‖D‖₁ ‖D‖∞; rows and columns add up to 2/h, or 1/h for centred differences.
  const double most = (difference_ == Difference::centred ? 1.0 : 2.0) / spacing_;
  return most * most;
}

std::shared_ptr<const Core> FiniteDifferenceCore::piece(std::vector<Axis> axes,
                                                        Signature signature) const {
  return std::make_shared<FiniteDifferenceCore>(difference_, boundary_, spacing_, std::move(axes),
                                                pairs(), std::move(signature), name());
}

Linop FiniteDifference(std::string_view text, const FiniteDifferenceOptions& options) {
  const Difference difference = difference_named("FiniteDifference", options.kind);
  const Boundary boundary = boundary_named("FiniteDifference", options.boundary);
  const double spacing = checked_spacing("FiniteDifference", options.spacing);
  std::vector<std::string> dims;
  if (!options.dim.empty()) dims.push_back(options.dim);
  Signature signature = primed_signature("FiniteDifference", text, dims);
  std::vector<TermPair> pairs = mixed_pairs("FiniteDifference", signature);
  if (pairs.size() != 1) {
    fail(Code::shape, "FiniteDifference",
         "\"{}\" {}; one dim is differentiated, so give dim = … or prime it on the output", text,
         pairs.empty() ? "has the same dims on both sides" : "leaves open along which dim");
  }
  if (!options.dim.empty()) {
    const Term in = terms_of(signature.input())[static_cast<size_t>(pairs[0].in)];
    if (in.kind != Term::Kind::dim || in.dim != Dim::parse(options.dim)) {
      fail(Code::shape, "FiniteDifference", "dim is '{}' but \"{}\" changes '{}'", options.dim,
           text, text_of_base(in));
    }
  }
  signature = equal_extents("FiniteDifference",
                            with_options("FiniteDifference", signature, options), pairs);
  std::vector<TridiagonalCore::Axis> axes{{difference_line(difference, boundary, spacing), 0}};
  return Linop(std::make_shared<FiniteDifferenceCore>(difference, boundary, spacing,
                                                      std::move(axes), std::move(pairs),
                                                      std::move(signature), options.name));
}

}  // namespace lunops
