// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "runtime/linop/core.hpp"

namespace lunops {

// The mixed dims of an operator that replaces each by another, pairwise by position: numbers of
// terms on the input and on the output of the forward signature.
struct TermPair {
  int in, out;
};
std::vector<TermPair> mixed_pairs(std::string_view operation, const Signature& signature);

// Where the dims of y come from in x for such an operator in this mode: by position in y.
struct PairedDims {
  std::vector<int> source;  // position in x
  std::vector<int> mixed;   // positions in y of the pairs, in order
};
PairedDims paired_dims(const Signature& forward,
                       const std::vector<TermPair>& pairs,
                       Mode mode,
                       int ndim);

}  // namespace lunops
