// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "runtime/backend/cpu/nufft_points.hpp"
#include "runtime/backend/cpu/pruned_passes.hpp"
#include "runtime/backend/cpu/spread.hpp"
#include "runtime/backend/nufft.hpp"

namespace lunops::cpu {

// What tests may force; results must not depend on it.
struct NufftTuning {
  int64_t block_batch = 0;   // batch elements per grid block; 0: chosen
  bool force_block = false;  // batch-innermost tiles also for small batches
};

// The NUFFT of nufft.md §3 and §4.  T is the real type.
template <class T>
class Nufft final : public NufftPoints {
 public:
  using C = std::complex<T>;

  Nufft(const NufftSpec& spec, const Stream& stream, NufftTuning tuning = {});

  const NufftParameters& parameters() const noexcept override { return parameters_; }
  // About the workspace of one that is not made yet.
  static size_t expected_workspace(const NufftSpec& spec, int64_t batch, int threads);
  size_t workspace(int64_t batch) const noexcept override;
  NufftCost cost(int64_t batch, bool is_adjoint) const noexcept override;
  void forward(RawView image,
               const NufftMaps& maps,
               bool conjugate,
               Scale s,
               RawView samples,
               std::byte* workspace,
               Stream&) const override;
  void adjoint(RawView samples,
               const NufftMaps& maps,
               bool conjugate,
               Scale s,
               RawView image,
               std::byte* workspace,
               Stream&) const override;

 private:
  // How a batch is worked through: groups of frames and batch elements that share the grid memory.
  struct Layout {
    bool is_row;           // layout of tiles
    int64_t group_frames;  // frames and batch elements of one group
    int64_t group_batch;
    int64_t block;        // batch elements of one tile
    int64_t tile;         // reals of one tile
    int64_t tile_stride;  // row layout: complex numbers of one batch element's tile
    int64_t grid;         // elements
    int64_t cuts;         // reals of all buffers of cut tiles
    int64_t worker;       // bytes of each thread's own buffers
  };
  struct Group;  // one group, and where its memory is
  // What layouts follow from.
  struct Sizes {
    typename PrunedPasses<T>::Sizes passes;
    int64_t tile_cells = 0;  // of the largest padded tile
    int64_t slots = 0;       // buffers of cut tiles
  };
  static Sizes sizes_of(const NufftSpec& spec, const NufftParameters& p);
  static Layout layout_of(const NufftSpec& spec,
                          const Sizes& sizes,
                          const NufftTuning& tuning,
                          int64_t batch) noexcept;
  static size_t bytes_of(const Layout& layout, int threads) noexcept;
  template <class F>
  void each_group(const Layout& layout, int64_t batch, std::byte* workspace, const F& f) const;

  void to_grid(const Group& g, RawView image, const NufftMaps& maps, c128 alpha, int sign) const;
  void to_image(const Group& g, RawView image, const NufftMaps& maps, Scale s, int sign) const;
  void interpolate(const Group& g, RawView samples, c128 beta) const;
  void spread(const Group& g, RawView samples) const;
  // samples = beta samples where no point is.
  void clear_missing(const Group& g, RawView samples, c128 beta) const;

  TileJob<T> job_of(const Group& g, const Run& run, int64_t block, RawView samples, T* tile) const;
  void load_tile(const Group& g, const Run& run, int64_t block, T* tile) const;
  void add_tile(const Group& g, const Run& run, int64_t block, const T* tile) const;
  // Calls f(grid offset, tile cell, count) for the pieces of rows that lie under a padded tile.
  template <class F>
  void each_piece(const Run& run, const F& f) const;
  std::array<int64_t, 3> padded(const Run& run) const noexcept;

  NufftSpec spec_;               // without coordinates
  std::vector<int64_t> counts_;  // empty: all points exist
  NufftParameters parameters_;
  int threads_;
  NufftTuning tuning_;
  const SpreadFunctions<T>* spread_;
  SortedPoints<T> points_;
  PrunedPasses<T> passes_;
  std::vector<T> polynomial_[3];   // by dim, slowest first
  std::vector<T> row_polynomial_;  // of the last dim, for the row layout
  int degree_[3] = {0, 0, 0};
  std::vector<T> weight_x_;  // the correction, with (prod N)^(-1/2)
  std::vector<double> weight_y_, weight_z_;
  Sizes sizes_;
};

}  // namespace lunops::cpu
