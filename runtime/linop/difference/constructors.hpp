// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape |
// argument}.  `text` is the operator's string.
struct FiniteDifferenceOptions : LinopOptions {
  std::string dim = {};              // needed where a one-sided string has several dims
  std::string kind = "forward";      // forward, backward, centred
  std::string boundary = "neumann";  // neumann, zero, circular
  double spacing = 1.0;
};
Linop FiniteDifference(std::string_view text, const FiniteDifferenceOptions& options = {});

struct GradientOptions : LinopOptions {
  std::vector<std::string> dims = {};  // of a one-sided string; empty: all
  std::string boundary = "neumann";    // neumann, zero, circular
  std::vector<std::pair<std::string, double>> spacing =
      {};  // by dim; one entry with an empty name: all dims
};
Linop Gradient(std::string_view text, const GradientOptions& options = {});
Linop Laplacian(std::string_view text, const GradientOptions& options = {});

}  // namespace lunops
