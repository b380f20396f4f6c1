// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/spread_kernels.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

extern const TableFunctions<float> table_f32;
const TableFunctions<float> table_f32 = table_functions<float>(Indices<kMostTerms>{});

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
