// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/linop/core.hpp"

namespace lunops {

// A weight of an operator by its path: "weight" of a leaf, "2.weight" in its container's second
// child.  A.N has the paths of A, A:normal(M) those of A below 1 and those of M below 2.
using PartValue = std::variant<Tensor, c128>;  // c128: of a Scalar
struct NamedPart {
  std::string path;
  PartValue value;
};
// All weights that users gave, in the order of the children; of weights computed from several
// given ones these are numbered like children.
std::vector<NamedPart> named_parts(const Node& node);

// The path of what lies below a child.
std::string child_path(const Core& core, const std::string& path, size_t child);
// The given weights behind a weight, each once, with their paths.
std::vector<std::pair<std::string, WeightPtr>> given_weights(const Core& core,
                                                             size_t number,
                                                             const std::string& path);

// Throws Error{argument} that lists the paths if `path` is none of them.
void check_path(std::string_view operation,
                const std::string& path,
                const std::vector<NamedPart>& parts,
                const Node& node);

}  // namespace lunops
