// SPDX-License-Identifier: MIT
// Host-only, but for the structs that kernels take.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/backend/backend.hpp"

namespace lunops::cuda {

inline constexpr int kTileThreads = 256;  // of a block at most
inline constexpr int kMostWidth = 16;
inline constexpr int kPowers = 23;  // rows of a table of polynomials

// Some points of one tile, worked on by one block; of points without tiles the tile is the whole
// grid.  Dims are slowest first, leading ones have extent 1.
struct TileRun {
  int64_t begin = 0;  // in the sorted order
  int32_t count = 0;  // points
  int32_t frame = 0;
  int32_t start[3] = {0, 0, 0};  // cell of the grid
  int32_t side[3] = {1, 1, 1};   // cells, with those of stencils that reach beyond the tile
  int32_t slot = -1;             // buffer of a cut tile, by frame and colour; -1: not cut
};

// All runs of one cut tile, which are added to the grid in order.
struct CutRuns {
  int64_t first = 0, last = 0;  // in the list of the colours
};

// What spreading and interpolation of one group of frames and batch elements need.  T is the real
// type; cells and samples are interleaved complex numbers.
//
// Shared memory of a block: `elements` padded tiles, `pitch` cells apart; then, for `chunk` points
// at a time, strengths {elements, chunk}, kernel values {dims, width, chunk} and corners {chunk}.
template <class T>
struct NufftJob {
  const TileRun* runs = nullptr;  // of this launch
  const CutRuns* cuts = nullptr;
  const T* z = nullptr;            // {points, dims}: position within the left cell, in [-1, 1)
  const uint16_t* cell = nullptr;  // {points, dims}: left cell, from the start of the tile
  const uint32_t* left =
      nullptr;  // {points, dims}: left cell of the grid, where there are no tiles
  const uint32_t* index = nullptr;  // {points}: number of the sample
  const T* polynomial = nullptr;    // {dims, kPowers, kMostWidth}
  int degree[3] = {0, 0, 0};        // by dim, slowest first; no leading ones here
  int width = 1;
  int64_t grid[3] = {1, 1, 1};
  int64_t plane = 1;   // cells of a grid
  T* cells = nullptr;  // {frames, batches} grids of the group
  int frame = 0;       // first of the group
  int batches = 1;
  T* samples = nullptr;  // of frame 0 and the first batch element of the group
  int64_t frame_stride = 0, batch_stride = 0;
  bool has_beta = false;  // interpolation: samples = value + beta samples
  T beta_re = 0, beta_im = 0;
  int elements = 1;  // batch elements of a block, a power of two
  int blocks = 1;    // of each run: batches / elements, rounded up
  int parts = 1;     // blocks that share a run where runs are few; 1: sums of runs keep their order
  int chunk = 32;
  int lanes = 32;      // spreading: threads of one element, a power of two
  int64_t pitch = 1;   // odd, so that the same cell of several elements lies in different banks
  T* slots = nullptr;  // {frames, blocks, slots, elements, pitch}: buffers of cut tiles
  int64_t slot_count = 0;
};

inline int interpolation_threads(int elements, int chunk) noexcept {
  return std::clamp(elements * chunk / 32 * 32, 32, kTileThreads);
}

// Kernels of nufft_interpolate.cu and nufft_spread.cu; `runs` and `cuts` are their numbers.
template <class T>
void interpolate_tiles(
    const NufftJob<T>& job, int dims, int64_t runs, size_t shared, const Stream& stream);
template <class T>
void interpolate_directly(const NufftJob<T>& job, int dims, int64_t runs, const Stream& stream);
// Atomic: tiles of any colours at once.  Otherwise of one colour: those that are not cut are added
// to the grid, the others are left in their slots for add_cuts.
template <class T>
void spread_tiles(const NufftJob<T>& job,
                  int dims,
                  int64_t runs,
                  size_t shared,
                  bool is_atomic,
                  const Stream& stream);
template <class T>
void add_cuts(const NufftJob<T>& job, int64_t cuts, const Stream& stream);
// Atomic: runs of any points.  Otherwise each run is all of a tile, of one colour.
template <class T>
void spread_directly(
    const NufftJob<T>& job, int dims, int64_t runs, bool is_atomic, const Stream& stream);

// Between images and their grids {frames, batches}, the centre of the image at cell 0.  Dims are
// slowest first, leading ones have extent 1; strides count complex numbers.
template <class T>
struct GridImages {
  int64_t image[3] = {1, 1, 1}, grid[3] = {1, 1, 1};
  T* x = nullptr;  // of the first frame and batch element of the group
  int64_t frame_stride = 0, batch_stride = 0, stride[3] = {0, 0, 0};
  const T* map = nullptr;  // of the first batch element; null: none
  int64_t map_batch = 0, map_stride[3] = {0, 0, 0};
  const T* weight_x = nullptr;  // the correction by dim
  const double* weight_y = nullptr;
  const double* weight_z = nullptr;
  double alpha_re = 1, alpha_im = 0;
  bool has_beta = false;  // to images
  T beta_re = 0, beta_im = 0;
  T* cells = nullptr;
  int64_t frames = 1, batches = 1;
  bool sum_batch = false;
};
template <class T>
void images_to_grids(const GridImages<T>& g, const Stream& stream);
template <class T>
void grids_to_images(const GridImages<T>& g, const Stream& stream);

// samples = beta samples where no point is: from counts[frame] on.
template <class T>
struct MissingPoints {
  const int64_t* counts;  // {frames}
  T* samples;
  int64_t frames, batches, points;
  int64_t frame_stride, batch_stride;
  bool has_beta;
  T beta_re, beta_im;
};
template <class T>
void clear_missing(const MissingPoints<T>& m, const Stream& stream);

}  // namespace lunops::cuda
