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

// The number of the pair that has this dim on either side; throws Error{shape}, said of the option,
// if none has.
size_t pair_named(std::string_view operation,
                  std::string_view option,
                  const Signature& signature,
                  const std::vector<TermPair>& pairs,
                  std::string_view name);
// Throws Error{shape} unless an option that lists the replaced dims, where it lists any, lists all
// of them and no other.
void check_listed(std::string_view operation,
                  std::string_view option,
                  const Signature& signature,
                  const std::vector<TermPair>& pairs,
                  const std::vector<std::string>& listed);
// The signature of an operator that replaces the dims `changed`, which an option names: in a
// one-sided string they get a prime on the output, a two-sided one names the results itself.
Signature with_primed(std::string_view operation,
                      std::string_view text,
                      std::string_view option,
                      const std::vector<std::string>& changed);
// Gives both dims of a pair the extent that one of them has; throws Error{shape} if they differ.
Signature with_equal_pairs(std::string_view operation,
                           const Signature& signature,
                           const std::vector<TermPair>& pairs);
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
