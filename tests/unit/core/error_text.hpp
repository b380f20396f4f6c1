// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "runtime/core/error.hpp"

namespace lunops {

// The text of the Error that f throws, or "" if it throws none.
template <class F>
std::string error_text(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace lunops
