// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "runtime/linop/nufft/nufft_normal.hpp"

namespace lunops {

// A summand, scale Fᴴ M F with M a Diagonal or nothing.
struct NormalTerm {
  c128 scale{1.0, 0.0};
  std::shared_ptr<const NufftCore> nufft;
  std::shared_ptr<const DiagonalCore> middle;  // null: none
  bool is_conjugate = false;                   // of M
};

// The sum of such terms as one normal, of a transform to the points of all of them; null where
// images, frames, devices, or what the transforms were asked to be differ.
std::shared_ptr<const NufftNormalCore> joined_normal(const std::vector<NormalTerm>& terms);

}  // namespace lunops
