// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
Linop Chain(const std::vector<Linop>& factors,
            const LinopOptions& options = {});  // Chain{A, B, C}: C acts first
Linop Add(const std::vector<Linop>& terms, const LinopOptions& options = {});

}  // namespace lunops
