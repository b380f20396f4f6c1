// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/spread_kernels.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

extern const SpreadFunctions<float> spread_f32;
const SpreadFunctions<float> spread_f32 =
    spread_functions<float>(Indices<kMostWidth - kLeastWidth + 1>{});

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
