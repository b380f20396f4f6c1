// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "runtime/linop/linop.hpp"

namespace lunops {

// Constructors of this section of the catalogue (operators.md); each throws Error{shape | dtype |
// argument}.  `text` is the operator's string, one-sided: all dims are kept.
//
// Real, Imag and Conj take complex data and are linear over the real numbers only.
Linop Real(std::string_view text = "...", const LinopOptions& options = {});
Linop Imag(std::string_view text = "...", const LinopOptions& options = {});
Linop Conj(std::string_view text = "...", const LinopOptions& options = {});

struct CastOptions : LinopOptions {
  std::string to = {};  // f32, f64, c64, c128
};
// From the other precision of the same field to this one.
Linop Cast(std::string_view text, const CastOptions& options);

}  // namespace lunops
