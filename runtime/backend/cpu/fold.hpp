// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "runtime/backend/cpu/isa_table.hpp"

// Where points fall on a grid, for some points at once.
namespace lunops::cpu {

inline constexpr int64_t kFoldedPoints = 64;

// Stencils of up to kFoldedPoints points, by dim and point.
struct Folded {
  int64_t cell[3][kFoldedPoints];  // left cell, in [0, grid)
  double z[3][kFoldedPoints];      // where the point lies from there, as its reader understands it
  int kind[kFoldedPoints];         // 0 (so before folding), or 1: those follow the others of a tile
};

struct FoldDim {
  double extent, grid;
  int width;
};

// Points no more extents from 0 are reduced by whole extents, which is exact.
inline constexpr double kMostExtents = 2147483648.0;

// One per instruction set, all with the same bits.
struct FoldTable {
  // Folds `count` points k {count, dims} in cycles (nufft.md §3).  Returns false, with results that
  // mean nothing, if a coordinate is not finite or more than kMostExtents away.
  bool (*fold)(const double* k, int64_t count, int64_t dims, const FoldDim* dim, Folded* folded);
};

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(FoldTable, fold_table)
