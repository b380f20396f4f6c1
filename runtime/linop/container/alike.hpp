// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/linop/container/bridge.hpp"
#include "runtime/linop/container/constructors.hpp"
#include "runtime/linop/container/workers.hpp"

namespace lunops {

// Children of Add, Concat and Stack are cut alike (splitting.md §1).

// The settings that a constructor was given; throws Error{argument}.
std::shared_ptr<Workers> workers_of(std::string_view operation, const WorkerOptions& options);

// The inner dims of children, each name once; that of different extents only a cut objects to.
DimExtents inner_of(const std::vector<Node>& children);

// The tile of a child for a request to its container, with slices by the container's terms: dims
// that the child takes as batch are narrowed to what is asked of both sides.  Nothing: the child
// has no part in this tile.  A child that lacks a requested inner dim has part in the first one
// alone.
//
// `child_signature`: the terms of the child by position where its own signature has others, as a
// Stack has its dim; null: those of the container.
std::optional<Tile> cut_alike(const Core& container,
                              const Node& child,
                              const TileRequest& request,
                              const Signature* child_signature = nullptr);

// What all of these signatures are at once, dims kept only if all keep them; throws the errors of a
// sum, said of `operation`.
Signature unified(std::string_view operation,
                  const std::vector<Signature>& signatures,
                  const std::vector<Node>& children);

// Zero where a child has no part in a tile: the signature by the container's terms.
Node zero_part(const Signature& signature);

// The slices that all tiles have, or those of the request, to which they must be widened.
std::pair<Slices, Slices> common_slices(const std::vector<Tile>& tiles, const TileRequest& request);

}  // namespace lunops
