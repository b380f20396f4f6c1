// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "runtime/backend/cpu/isa.hpp"

namespace lunops::cpu {

inline constexpr int kLeastWidth = 1;
inline constexpr int kMostWidth = 16;

// Points of one tile and all that is needed to interpolate them from it or to spread them into it.
// T is the real type; tiles and samples are interleaved complex numbers.
//
// Two layouts of a tile.  Block: each cell holds one vector, `lanes` complex batch elements side by
// side.  Row: one plain tile per batch element, tile_stride apart, with at least kMostWidth cells
// of slack behind it.
template <class T>
struct TileJob {
  int dims;               // 1, 2, 3; arrays by dim are slowest first
  const T* z;             // {points, dims}: position within the left cell, in [-1, 1)
  const uint16_t* cell;   // {points, dims}: left cell of the stencil, from the start of the tile
  const uint32_t* index;  // {points}: number of the sample
  int64_t begin, end;     // the points of this job
  // coefficient[power * 16 + p]; in the row layout those of the last dim stand twice, power * 32 +
  // 2 p and one behind, for real and imaginary parts.
  const T* polynomial[3];
  int degree[3];
  T* tile;
  int64_t row_pitch, plane_pitch;  // cells
  int64_t tile_stride;             // row layout: complex numbers
  int64_t batch;                   // elements; block layout: at most `lanes`
  T* samples;
  int64_t sample_stride;  // complex numbers from one batch element to the next
  bool has_beta;          // interpolation: samples = value + beta samples
  T beta_re, beta_im;
};

// The same where the kernel's values are a table by point instead of polynomials.
inline constexpr int kMostTerms = 17;  // of a kernel 16 wide, both ends included
inline constexpr int kTableStep = 8;   // the last dim's values are padded with zeros to this
template <class T>
struct TableJob : TileJob<T> {
  const T* values;      // {points, pitch}, with kTableStep readable elements behind the last
  int64_t value_pitch;  // of one point: values of the last dim, then of the middle, of the slow
  int64_t middle_at, slow_at;
  bool has_alpha;  // samples are multiplied by alpha on their way in or out
  T alpha_re, alpha_im;
};

template <class T>
struct TableFunctions {
  int lanes;
  // By terms - 1.
  void (*interpolate_block[kMostTerms])(const TableJob<T>&);
  void (*spread_block[kMostTerms])(const TableJob<T>&);
  void (*interpolate_row[kMostTerms])(const TableJob<T>&);
  void (*spread_row[kMostTerms])(const TableJob<T>&);
};

template <class T>
struct SpreadFunctions {
  int lanes;  // batch elements of a block
  // By width - kLeastWidth.
  void (*interpolate_block[kMostWidth - kLeastWidth + 1])(const TileJob<T>&);
  void (*spread_block[kMostWidth - kLeastWidth + 1])(const TileJob<T>&);
  void (*interpolate_row[kMostWidth - kLeastWidth + 1])(const TileJob<T>&);
  void (*spread_row[kMostWidth - kLeastWidth + 1])(const TileJob<T>&);
  // Between `count` adjacent cells of a planar grid and of a block tile.
  void (*load_cells)(const T* grid, int64_t batch_stride, int64_t batch, int64_t count, T* cells);
  void (*add_cells)(const T* cells, int64_t count, T* grid, int64_t batch_stride, int64_t batch);
};

}  // namespace lunops::cpu

LUNOPS_DECLARE_ISA(lunops::cpu::SpreadFunctions<float>, spread_f32)
LUNOPS_DECLARE_ISA(lunops::cpu::SpreadFunctions<double>, spread_f64)
LUNOPS_DECLARE_ISA(lunops::cpu::TableFunctions<float>, table_f32)
LUNOPS_DECLARE_ISA(lunops::cpu::TableFunctions<double>, table_f64)
