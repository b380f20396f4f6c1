// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
Linop Identity(std::string_view text = "...", const LinopOptions& options = {});
Linop Zero(std::string_view text, const LinopOptions& options = {});
Linop Scalar(c128 s, std::string_view text = "...", const LinopOptions& options = {});
Linop Diagonal(const Tensor& weight,
               std::optional<std::string_view> text = {},
               const LinopOptions& options = {});
Linop Dense(const Tensor& weight,
            std::optional<std::string_view> text = {},
            const LinopOptions& options = {});

}  // namespace lunops
