// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace lunops {

// Turns the compact form into an ordinary string: "CNxNy" is "C Nx Ny", "MN,N->M" is "M N, N -> M".
//
// A new name starts at every upper-case letter and at a letter that follows a separator; lower-case
// letters, digits and '_' continue the name.  Throws ParseError.
std::string expand_compact(std::string_view operation, std::string_view text);

}  // namespace lunops
