// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>

#include "runtime/linop/core.hpp"

namespace lunops {

// AᴴMA of an operator that selects elements, each possibly several times: a Diagonal whose weight
// is Aᴴ applied to the weight of M, or to ones.
//
// own       input terms of A over which that weight runs, in order, all of known extent
// selected  output terms of A that the recipe reads M along: in order
// sum       Aᴴ: reads {others…, selected…}, of any strides, and writes {others…, own…}
// Nothing if M is no Diagonal or names do not say how.
using SelectedSum = std::function<void(const RawView& m, const RawView& result, Context&)>;
std::optional<Node> selected_normal(const Node& a,
                                    const Node* inner,
                                    const Side& own,
                                    const std::vector<int64_t>& own_extents,
                                    const Side& selected,
                                    const std::vector<int64_t>& selected_extents,
                                    SelectedSum sum);

}  // namespace lunops
