// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace lunops::lua {

// "lunops 0.1.0 (Lua 5.4.4, built without CUDA, cpu avx2)".
__attribute__((visibility("default"))) std::string version_text();

}  // namespace lunops::lua
