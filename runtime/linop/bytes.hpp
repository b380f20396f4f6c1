// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "runtime/linop/weight.hpp"

namespace lunops {

std::string bytes_text(double bytes);  // "4.0 MiB", "512 bytes"
std::string bytes_text(const Weight& weight);

}  // namespace lunops
