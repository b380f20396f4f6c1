// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/linop/container/leaves.hpp"
#include "runtime/plan/split.hpp"

namespace lunops {

// What is asked of a deterministic operator (splitting.md §10).
struct Determinism {
  std::optional<Dim> dim = {};  // of the sums that are ordered by a tree; nothing: it is chosen
  // A dim that is summed within a transform, and into how many leaves it is cut all the same.
  std::optional<std::pair<Dim, int64_t>> leaves = {};
};

// The dim that a deterministic operator may be cut along although it is summed.
struct ReductionDim {
  Dim dim;
  int64_t extent = 0;
  Leaves leaves = {};
  std::optional<Linop> first_leaf = {};  // of the operator, where there is more than one
};

// Nothing where no dim has leaves: then no summed dim may be cut.  One that is joined is taken if
// there is no other, for the adjoint sums over it.
//
// Throws Error{shape} for dims that A lacks, that it keeps, or that are summed within a transform
// and have no leaves; Error{argument} for numbers of leaves below 1.
std::optional<ReductionDim> reduction_dim(
    const Linop& a,
    const Determinism& wanted,
    const std::vector<std::pair<std::string, int64_t>>& extents,
    std::string_view operation);

// Throws Error{unsupported} if tiles cut along these would be summed in an order that depends on
// their sizes.
void require_deterministic(const Linop& a,
                           const SplitAxes& axes,
                           const std::optional<ReductionDim>& reduction,
                           std::string_view operation);

// Whether there is a normal in it, written as such or as a product: its form is chosen by what it
// is, and a part that is cut along one side is none.
bool has_normals(const Linop& a);

// The sizes of an axis as the nodes of the tree that its tiles are made of.
struct NodeAxis {
  SplitAxis axis;
  std::vector<int64_t> tile;    // of each node, the number of the tile that asked for it
  std::vector<Stretch> leaves;  // of each node
  bool is_moved = false;        // tiles did not begin and end at leaves
};
// `range`: what of the dim is cut.
NodeAxis nodes_of(const SplitAxis& axis, const Leaves& leaves, Stretch range);

}  // namespace lunops
