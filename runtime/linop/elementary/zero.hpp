// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

bool as_zero(const Node& node) noexcept;
std::shared_ptr<const Core> make_zero(const Signature& signature);

}  // namespace lunops
