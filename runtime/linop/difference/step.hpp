// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "runtime/backend/difference.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

// y <- scale of the differences of x; views as Backend::difference takes them.
std::unique_ptr<Step> difference_step(const DifferenceSpec& spec, Ref x, Ref y, StepScale scale);

}  // namespace lunops
