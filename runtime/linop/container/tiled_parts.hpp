// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/linop/container/tiled.hpp"

namespace lunops {

// What tiled operators say of their parts, for their own files.

const Stretch* find(const TiledCore::Ranges& ranges, Dim dim);  // null: all of the dim

// Whether two parts touch no element in common on one side.
bool are_apart(const Slices& a,
               const TiledCore::Ranges& batch_a,
               const Slices& b,
               const TiledCore::Ranges& batch_b);

// `side` is one of the signature's.
inline Places places_of(const Signature& signature, const Side& side, int ndim) {
  return places(side, signature.is_open() || signature.has_ellipsis(), ndim);
}

}  // namespace lunops
