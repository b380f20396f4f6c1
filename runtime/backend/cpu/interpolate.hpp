// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <complex>
#include <vector>

#include "runtime/backend/cpu/lines.hpp"
#include "runtime/backend/cpu/spread.hpp"
#include "runtime/backend/cpu/tile_order.hpp"
#include "runtime/backend/interpolate.hpp"

namespace lunops::cpu {

// Interpolation and gridding by the tiles of the NUFFT (nufft.md §4), with kernel values from a
// table by point.  T is the real type.
//
// The kernel is real, so two batch elements of real data run as one complex element: they are
// brought together, and taken apart again, in workspace.
//
// A stencil has floor(W) cells, or one more where the position allows it; points of the second kind
// follow the others of their tile and run in the wider kernel.
template <class T>
class Interpolate final : public InterpolateKernel {
 public:
  using C = std::complex<T>;

  Interpolate(const InterpolateSpec& spec, const Stream& stream);

  size_t held_bytes() const noexcept override { return order_.bytes() + values_.bytes(); }
  size_t workspace(int64_t batch) const noexcept override;
  double flops(int64_t batch) const noexcept override;
  double bytes(int64_t batch) const noexcept override;
  void forward(
      RawView grid, Scale s, RawView samples, std::byte* workspace, Stream&) const override;
  void adjoint(
      RawView samples, Scale s, RawView grid, std::byte* workspace, Stream&) const override;

 private:
  // How a batch of complex elements is worked through: groups of frames and blocks whose buffers of
  // cut tiles are alive together.
  struct Layout {
    bool is_row;
    int64_t block;   // batch elements of one tile
    int64_t blocks;  // of the whole batch
    int64_t group_frames, group_blocks;
    int64_t tile;         // reals of one tile
    int64_t tile_stride;  // row layout: complex numbers of one batch element's tile
    size_t worker_bytes, cut_bytes, pack_bytes;
  };
  struct Job;  // one application on complex views

  Layout layout_of(int64_t complexes) const noexcept;
  int64_t complexes_of(int64_t batch) const noexcept { return is_real_ ? (batch + 1) / 2 : batch; }
  RawView packed(const RawView& like, std::byte* memory) const;
  void pack(const RawView& from, const RawView& to, int share) const;
  void unpack(const RawView& from, Scale s, const RawView& to, int share) const;

  void interpolate(const Job& job) const;
  void spread(const Job& job) const;
  void scale(const RawView& grid, c128 beta, int share) const;
  TableJob<T> tile_job(const Job& job, const Run& run, int64_t block, T* tile) const;
  void call(void (*const* kernels)(const TableJob<T>&), TableJob<T> job, const Run& run) const;
  void load_tile(const Job& job, const Run& run, int64_t block, T* tile) const;
  void add_tile(const Job& job, const Run& run, int64_t block, const T* tile) const;
  std::array<int64_t, 3> padded(const Run& run) const noexcept;
  // Calls f(offset in the grid, or -1 outside, tile cell, count) for pieces of rows under a tile.
  template <class F>
  void each_piece(const Run& run, const F& f) const;

  InterpolateSpec spec_;  // without coordinates
  int threads_;
  bool is_real_;
  std::array<int, 3> terms_ = {1, 1, 1};  // cells of the widest stencil, z, y, x
  int narrow_ = 1, wide_ = 1;             // kernels of the two kinds of points
  std::array<int64_t, 3> extent_ = {1, 1, 1};
  int64_t middle_at_ = 0, slow_at_ = 0, pitch_ = 0;
  int64_t tile_cells_ = 1;  // of the largest padded tile
  TileOrder order_;
  HeldArray<T> values_;  // {points, pitch}
  const TableFunctions<T>* table_;
  const SpreadFunctions<T>* moves_;
  const LineFunctions<T>* lines_;
};

}  // namespace lunops::cpu
