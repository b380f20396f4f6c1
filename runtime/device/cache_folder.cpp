// SPDX-License-Identifier: MIT
#include "runtime/device/cache_folder.hpp"

#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lunops {

std::string cache_folder() {
  for (const auto& [variable, rest] :
       {std::pair{"LUNOPS_CACHE", ""}, {"XDG_CACHE_HOME", "/lunops"}, {"HOME", "/.cache/lunops"}}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return std::string(value) + rest;
  }
  return {};
}

std::string processor() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  char vendor[13] = {};
  if (__get_cpuid(0, &a, &b, &c, &d) == 0) return "x86";
  std::memcpy(vendor, &b, 4);
  std::memcpy(vendor + 4, &d, 4);
  std::memcpy(vendor + 8, &c, 4);
  __get_cpuid(1, &a, &b, &c, &d);
  return fmt::format("{}-{:x}", vendor, a);
#else
  return "generic";
#endif
}

}  // namespace lunops
