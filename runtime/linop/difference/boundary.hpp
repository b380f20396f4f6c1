// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/backend/difference.hpp"
#include "runtime/linop/difference/constructors.hpp"
#include "runtime/linop/pairs.hpp"

namespace lunops {

// What the options of the difference operators have in common.

// What lies beyond the ends: the last sample again, zeros, or the other end.
enum class Boundary : uint8_t { neumann, zero, circular };
Boundary boundary_named(std::string_view operation, const std::string& name);
std::string_view name_of(Boundary boundary) noexcept;

enum class Difference : uint8_t { forward, backward, centred };
Difference difference_named(std::string_view operation, const std::string& name);
std::string_view name_of(Difference kind) noexcept;

// x[n+1] - x[n], x[n] - x[n-1], (x[n+1] - x[n-1]) / 2, over the spacing.
DifferenceLine difference_line(Difference kind, Boundary boundary, double spacing);
// factor times minus DᵀD for the forward difference D with that boundary.
DifferenceLine second_difference_line(Boundary boundary, double spacing, double factor);

double checked_spacing(std::string_view operation, double spacing);
// By pair; names are those of either side.
std::vector<double> spacings_of(std::string_view operation,
                                const Signature& signature,
                                const std::vector<TermPair>& pairs,
                                const std::vector<std::pair<std::string, double>>& given);
std::string spacing_text(const std::vector<double>& spacings);  // ", spacing 2 0.5" or ""

// The signature of a string whose mixed dims lie pairwise: the dims of a one-sided string that
// `dims` names (all if empty) get a prime on the output.
Signature primed_signature(std::string_view operation,
                           std::string_view text,
                           const std::vector<std::string>& dims);
// With extents that one side of a pair knows on both.
Signature equal_extents(std::string_view operation,
                        const Signature& signature,
                        const std::vector<TermPair>& pairs);

}  // namespace lunops
