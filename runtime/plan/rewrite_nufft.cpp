// SPDX-License-Identifier: MIT
#include "runtime/plan/rewrite.hpp"

namespace lunops {

bool fold_nufft_normal(Product&, Builder&) { return false; }
bool attach_maps(Product&, Builder&) { return false; }

}  // namespace lunops
