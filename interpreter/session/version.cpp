// SPDX-License-Identifier: MIT
#include "interpreter/session/version.hpp"

#include <lua.hpp>

#include <fmt/format.h>

#include "runtime/backend/cpu/isa.hpp"
#include "runtime/device/cuda_status.hpp"

namespace lunops::lua {

std::string version_text() {
  return fmt::format("lunops {} ({}, {}, cpu {})", LUNOPS_VERSION, LUA_RELEASE, cuda_status(),
                     cpu::name_of(cpu::isa()));
}

}  // namespace lunops::lua
