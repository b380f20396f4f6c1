// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "runtime/backend/cpu/hot.hpp"
#include "runtime/backend/cpu/isa.hpp"
#include "runtime/core/dtype.hpp"

namespace lunops::cpu {

// The table of the instruction set in use.
inline const HotTable& hot() {
  static const HotTable& table = LUNOPS_SELECT_ISA(isa(), hot_table);
  return table;
}

// Row of a table for a floating type.
constexpr size_t hot_index(DType t) noexcept { return static_cast<size_t>(t); }
static_assert(hot_index(DType::f32) == 0 && hot_index(DType::f64) == 1 &&
              hot_index(DType::c64) == 2 && hot_index(DType::c128) == 3);

}  // namespace lunops::cpu
