// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace lunops {

// $LUNOPS_CACHE, else $XDG_CACHE_HOME/lunops, else $HOME/.cache/lunops; empty if none is set.
std::string cache_folder();
// What tells files that were measured on one processor from those of another.
std::string processor();

}  // namespace lunops
