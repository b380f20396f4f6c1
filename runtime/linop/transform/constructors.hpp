// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string.
struct FFTOptions : LinopOptions {
  std::string norm = "ortho";  // ortho, backward, forward
  bool centred = true;
  bool inverse = false;
};
Linop FFT(std::string_view text, const FFTOptions& options = {});

}  // namespace lunops
