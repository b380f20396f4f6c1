// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace lunops {

// "200MB" = 2e8, "6 GiB" = 6 * 2^30, "1000"; units are k M G T and Ki Mi Gi Ti, with or without B.
// Throws Error{argument} named `operation` for anything else.
size_t parse_byte_size(std::string_view text, std::string_view operation);

}  // namespace lunops
