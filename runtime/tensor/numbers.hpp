// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "runtime/core/dtype.hpp"

namespace lunops {

// Throws Error{dtype} unless `value` can be an element of a `dtype` tensor: no imaginary part in
// real ones, no fraction in integer ones, 0 or 1 in bool ones.
void check_number(std::string_view operation, c128 value, DType dtype);

std::string number_text(c128 value);  // "3", "0.5", "1+2i"

}  // namespace lunops
