// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/core.hpp"

namespace lunops {

// The same operator for data on `device`: its weights are copies there (weight_copy), made by the
// first plan that needs them.  Operators without weights are shared by all devices, and the copy of
// an operator is one as long as somebody keeps it, with all that its plans made and keep in it:
// sorted points, kernels, spectra.  Containers whose children have places of their own stay as they
// are.
//
// Not `keeps_weights`: those of Dense, Diagonal, Convolution and Sparse stay where they are, and
// each application brings them (Builder::placed_values).
Node placed(const Node& node, Device device, bool keeps_weights = true);

}  // namespace lunops
