// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/cpu/runs.hpp"
#include "runtime/device/stream.hpp"

namespace lunops::cpu {

// y = alpha sum a b + beta y, its dims told apart.  If one operand is real and y complex, it is a.
struct Contraction {
  RawView a, b, y;  // dims of the result only
  RawView ra, rb;   // the summed dims of a and b
  bool conjugate_a, conjugate_b;
  bool real_a;  // a is real and b, y are complex
  double s[4];  // parts of alpha and beta
};

// In SumOrder::fixed.
void contract_fixed(const Contraction& c, const Stream& stream);

}  // namespace lunops::cpu
