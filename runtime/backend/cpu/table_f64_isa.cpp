// SPDX-License-Identifier: MIT
#include "runtime/backend/cpu/spread_kernels.hpp"

namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {

extern const TableFunctions<double> table_f64;
const TableFunctions<double> table_f64 = table_functions<double>(Indices<kMostTerms>{});

}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
