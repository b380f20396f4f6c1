// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops::cpu {

// y = alpha * sum a b + beta y as matrix products of OpenBLAS, if the strides and sizes are such
// that they pay; returns false, without having touched y, if they do not.  Arguments as for
// Backend::contract, all of one dtype.
bool contract_by_gemm(RawView a,
                      bool conjugate_a,
                      RawView b,
                      bool conjugate_b,
                      int reduced,
                      Scale s,
                      RawView y,
                      Stream& stream);

}  // namespace lunops::cpu
