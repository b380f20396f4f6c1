// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "runtime/device/held.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/tile.hpp"

namespace lunops {

// What messages call the parts of an operator whose samples lie at given positions.
struct PositionWords {
  const char* operation;  // "NUFFT"
  const char* tensor;     // "the trajectory"
  const char* bare;       // "trajectory", before a verb
  const char* image;      // "image"
};

// How a string assigns the dims of a tensor of positions: the terms of its dims, with an ellipsis
// for the one that holds the components, and the dims of `sig` (image -> samples) by their roles.
struct PositionRoles {
  Side terms;
  Side image, samples, frames;
  DimExtents extents;  // of samples and frames, from the tensor
};
// Throws Error{shape | dtype}.
PositionRoles position_roles(const PositionWords& words,
                             const Tensor& positions,
                             const Signature& sig,
                             std::string_view text);
// Image (in-only), samples (out-only) and frames (kept, and known to the tensor) of a signature.
PositionRoles roles_of(const Signature& sig, Side terms);

// Values by dim of the image; an entry with an empty name is for all dims.
void by_image_dim(std::string_view operation,
                  std::string_view option,
                  const std::vector<std::pair<std::string, double>>& given,
                  const PositionRoles& roles,
                  std::string_view noun,
                  std::array<double, 3>& values);
void by_image_dim(std::string_view operation,
                  std::string_view option,
                  const std::vector<std::pair<std::string, int64_t>>& given,
                  const PositionRoles& roles,
                  std::string_view noun,
                  std::array<int64_t, 3>& values);

// The tensor as {frames, points, components} in double, on the host.  Points of frame f from
// counts[f] on are not looked at and become 0; empty counts: all exist.  Throws Error{numeric}
// naming the place of a coordinate that is not finite.
HeldArray<double> read_positions(std::string_view operation,
                                 const Tensor& positions,
                                 const PositionRoles& roles,
                                 const std::vector<int64_t>& counts,
                                 const Stream& stream);

// How many of the first `count` points of a frame, in row-major order of the sample dims, a tile
// keeps: they are the first ones of the tile too.
int64_t count_in_tile(int64_t count,
                      const std::vector<int64_t>& extents,
                      const std::vector<Stretch>& kept);

}  // namespace lunops
