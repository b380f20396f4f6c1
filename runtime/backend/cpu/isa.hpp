// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/backend/cpu/isa_table.hpp"

namespace lunops::cpu {

// The instruction sets that hot files are compiled for, as x86-64, x86-64-v3 and x86-64-v4.
//
// A hot file is listed with `lunops_add_isa_sources` (cmake/isa.cmake) and compiled once per set,
// with LUNOPS_ISA_NAMESPACE defined as the set's name.  It defines a function table
//   namespace lunops::cpu::LUNOPS_ISA_NAMESPACE { extern const Table table; … }
// and includes nothing with inline functions (no standard containers, no <complex>; isa_table.hpp
// is fine): a weak symbol compiled for AVX-512 could be the copy that the linker keeps.  A test
// reads the objects.
std::string_view name_of(Isa isa) noexcept;

// The set in use: the best that this processor runs, or LUNOPS_ISA.  Decided at first use.
// Throws Error{argument} if LUNOPS_ISA names no set, Error{unsupported} if the processor lacks it.
Isa isa();

// The sets that this processor runs and this build has, in ascending order.
std::vector<Isa> available_isas();

}  // namespace lunops::cpu
