// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/spread_kernels.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

extern const SpreadFunctions<double> spread_f64;
const SpreadFunctions<double> spread_f64 =
    spread_functions<double>(Indices<kMostWidth - kLeastWidth + 1>{});

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
