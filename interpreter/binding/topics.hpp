// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "interpreter/binding/record.hpp"

namespace lunops::lua {

// The records of each file here.
std::span<const Record> complex_records();
std::span<const Record> complex_arithmetic_records();
std::span<const Record> shape_records();
std::span<const Record> signature_records();
std::span<const Record> factory_records();
std::span<const Record> tensor_records();
std::span<const Record> tensor_arithmetic_records();
std::span<const Record> reduction_records();
std::span<const Record> comparison_records();
std::span<const Record> rearrange_records();
std::span<const Record> lincomb_records();
std::span<const Record> display_records();
std::span<const Record> help_records();
std::span<const Record> law_records();
std::span<const Record> memory_records();
std::span<const Record> device_records();
std::span<const Record> timeline_records();
std::span<const Record> timeline_members();
std::span<const Record> script_records();
std::span<const Record> linop_records();
std::span<const Record> linop_arithmetic_records();
std::span<const Record> linop_parts_records();
// Operators, by section of the catalogue: operators/*.cpp.
std::span<const Record> elementary_records();
std::span<const Record> field_records();
std::span<const Record> moving_records();
std::span<const Record> cutting_records();
std::span<const Record> transform_records();
std::span<const Record> difference_records();
std::span<const Record> container_records();
std::span<const Record> system_records();
std::span<const Record> explain_records();
std::span<const Record> split_records();
std::span<const Record> batch_records();
std::span<const Record> linop_tiles_records();
std::span<const Record> plan_records();
std::span<const Record> linop_plan_records();
std::span<const Record> solver_records();
std::span<const Record> io_records();
std::span<const Record> phantom_records();
std::span<const Record> stages_records();
std::span<const Record> call_records();
std::span<const Record> argument_records();

lua_CFunction linop_assign();   // A.threaded = true
lua_CFunction linop_missing();  // answers A[1] and unknown members

}  // namespace lunops::lua
