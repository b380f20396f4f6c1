// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// A tensor that has the dims of a side of a signature, batch dims included.
struct Sided {
  const Tensor& values;
  const Side& side;
};

// g[terms] = sum of conj(a) b over all dims that `terms` lacks: what most weights have as gradient.
// Terms without data on either side are summed as if they had one element.
Tensor contract_onto(const Side& terms,
                     const std::vector<int64_t>& extents,
                     bool is_open,
                     const Sided& a,
                     const Sided& b,
                     Context& context);

}  // namespace lunops
