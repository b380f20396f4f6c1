// SPDX-License-Identifier: MIT
#include <algorithm>
#include <span>
#include <vector>

#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/interpolate_tables.hpp"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/planned.hpp"
#include "runtime/device/held.hpp"

namespace lunops {

namespace cuda {

namespace {

// Batch elements that a thread sums side by side, so that places and values are read once for them.
constexpr int kTogether = 4;

// InterpolateTables on the GPU; R: real type of the data.
template <class R>
struct Tables {
  int dims, wide;
  bool is_circular;
  int64_t extent[3], tile[3], tiles[3];
  int64_t points;  // of a frame
  const TapPlace* places;
  const R* values;
  const int64_t* first;
  const int32_t* reaching;
};

// Strides of frames and batch elements; grid and points are contiguous.
template <class T>
struct Batch {
  T* grid;
  T* samples;
  int64_t frames, count;
  int64_t grid_frame, grid_batch, sample_frame, sample_batch;
};

// One thread sums the grid under the kernel at one point, for B elements of the batch.
template <class T, class R, int B>
struct Forward {
  Tables<R> t;
  Batch<T> b;
  Scaling<T> scale;

  // Operands: the frame's first point, the point in it, the frame, and the first batch element.
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const int64_t point = static_cast<int64_t>(at[0]) + at[1], batch = at[3];
    const int many = static_cast<int>(b.count - batch < B ? b.count - batch : B);
    const T* const grid = b.grid + at[2] * b.grid_frame + batch * b.grid_batch;
    const TapPlace* const places = t.places + point * t.dims;
    const R* const values = t.values + point * t.dims * t.wide;
    const TapPlace slow = t.dims == 3 ? places[0] : TapPlace{0, 1};
    const TapPlace middle = t.dims >= 2 ? places[t.dims - 2] : TapPlace{0, 1};
    const TapPlace fast = places[t.dims - 1];
    const R* const of_middle = values + (t.dims - 2) * t.wide;
    const R* const of_fast = values + (t.dims - 1) * t.wide;
    T sum[B];
    for (int k = 0; k < B; ++k) sum[k] = T(0);
    for (int z = 0; z < slow.count; ++z) {
      const R in_slow = t.dims == 3 ? values[z] : R(1);
      const int64_t slab = wrapped(slow.start + z, t.extent[0]) * t.extent[1];
      for (int y = 0; y < middle.count; ++y) {
        const R weight = t.dims >= 2 ? in_slow * of_middle[y] : R(1);
        const int64_t row = (slab + wrapped(middle.start + y, t.extent[1])) * t.extent[2];
        for (int x = 0; x < fast.count; ++x) {
          const T* const cell = grid + row + wrapped(fast.start + x, t.extent[2]);
          const R product = weight * of_fast[x];
#pragma unroll
          for (int k = 0; k < B; ++k) {
            if (k < many) sum[k] += product * cell[k * b.grid_batch];
          }
        }
      }
    }
    T* const y = b.samples + at[2] * b.sample_frame + batch * b.sample_batch + at[1];
#pragma unroll
    for (int k = 0; k < B; ++k) {
      if (k < many) scale.store(y[k * b.sample_batch], sum[k]);
    }
  }

  // No kernel is wider than a circular grid.
  static __device__ int64_t wrapped(int64_t g, int64_t n) { return g < n ? g : g - n; }
};

// The kernel value of a point at cell `g` of one dim; where the kernel covers all of a circular
// grid, it may meet a cell at both its ends.
template <class R>
__device__ R
value_at(const TapPlace& place, const R* values, int64_t g, int64_t extent, bool is_circular) {
  int64_t p = g - place.start;
  if (p < 0 && is_circular) p += extent;
  R sum(0);
  if (p < 0) return sum;
  for (; p < place.count; p += extent) sum += values[p];
  return sum;
}

// One thread sums what the points that reach into its tile leave in its cell, point by point in
// their order, so that results have the same bits each time.
template <class T, class R, int B>
__global__ void __launch_bounds__(kBlock)
    adjoint_kernel(Tables<R> t, Batch<T> b, Scaling<T> scale) {
  const int64_t blocks = (b.count + B - 1) / B;
  const int64_t tiles = t.tiles[0] * t.tiles[1] * t.tiles[2];
  for (int64_t item = blockIdx.x; item < b.frames * tiles * blocks; item += gridDim.x) {
    const int64_t batch = item % blocks * B, list = item / blocks;
    const int64_t frame = list / tiles;
    const int many = static_cast<int>(b.count - batch < B ? b.count - batch : B);
    int64_t rest = list % tiles, in_tile = threadIdx.x, offset = 0, step = 1;
    int64_t cell[3];
    bool is_inside = true;
#pragma unroll
    for (int d = 2; d >= 0; --d) {
      cell[d] = rest % t.tiles[d] * t.tile[d] + in_tile % t.tile[d];
      rest /= t.tiles[d];
      in_tile /= t.tile[d];
      is_inside = is_inside && cell[d] < t.extent[d];
      offset += cell[d] * step;
      step *= t.extent[d];
    }
    if (!is_inside) continue;
    T sum[B];
    for (int k = 0; k < B; ++k) sum[k] = T(0);
    const T* const samples = b.samples + frame * b.sample_frame + batch * b.sample_batch;
    for (int64_t i = t.first[list]; i < t.first[list + 1]; ++i) {
      const int64_t point = t.reaching[i], at = (frame * t.points + point) * t.dims;
      R weight(1);
      for (int d = 0; d < t.dims && weight != R(0); ++d) {
        const int axis = 3 - t.dims + d;
        const int64_t g = axis == 0 ? cell[0] : axis == 1 ? cell[1] : cell[2];
        weight *= value_at(t.places[at + d], t.values + (at + d) * t.wide, g, t.extent[axis],
                           t.is_circular);
      }
      if (weight == R(0)) continue;
#pragma unroll
      for (int k = 0; k < B; ++k) {
        if (k < many) sum[k] += weight * samples[k * b.sample_batch + point];
      }
    }
    T* const y = b.grid + frame * b.grid_frame + batch * b.grid_batch + offset;
#pragma unroll
    for (int k = 0; k < B; ++k) {
      if (k < many) scale.store(y[k * b.grid_batch], sum[k]);
    }
  }
}

template <class T>
class Interpolate final : public InterpolateKernel {
  using R = real_t<T>;

 public:
  Interpolate(const InterpolateSpec& spec, Stream& stream) : spec_(spec) {
    const InterpolateTables made(spec, stream.threads());
    const std::vector<R> rounded(made.values.begin(), made.values.end());
    places_ = held_copy<TapPlace>(made.places, "places of points", stream);
    values_ = held_copy<R>(rounded, "kernel values", stream);
    first_ = held_copy<int64_t>(made.first, "points by tile", stream);
    reaching_ = held_copy<int32_t>(made.reaching, "points by tile", stream);
    spec_.coordinates = nullptr;
    tables_.dims = made.dims;
    tables_.wide = made.wide;
    tables_.is_circular = spec.is_circular;
    std::copy(made.extent.begin(), made.extent.end(), tables_.extent);
    std::copy(made.tile.begin(), made.tile.end(), tables_.tile);
    std::copy(made.tiles.begin(), made.tiles.end(), tables_.tiles);
    tables_.points = spec.points;
    tables_.places = places_.data();
    tables_.values = values_.data();
    tables_.first = first_.data();
    tables_.reaching = reaching_.data();
  }

  size_t held_bytes() const noexcept override {
    return places_.bytes() + values_.bytes() + first_.bytes() + reaching_.bytes();
  }
  size_t workspace(int64_t) const noexcept override { return 0; }
  double flops(int64_t batch) const noexcept override {
    double terms = is_complex_v<T> ? 4.0 : 2.0;
    for (size_t d = 0; d < spec_.grid.size(); ++d) terms *= spec_.width[d];
    return terms * static_cast<double>(spec_.frames * spec_.points * batch);
  }
  double bytes(int64_t batch) const noexcept override {
    double cells = 1;
    for (const int64_t n : spec_.grid) cells *= static_cast<double>(n);
    const auto points = static_cast<double>(spec_.points);
    return static_cast<double>(spec_.frames * batch) * sizeof(T) * (cells + points) +
           static_cast<double>(held_bytes());
  }

  void forward(RawView grid, Scale s, RawView samples, std::byte*, Stream& stream) const override {
    if (batch_of(grid, samples).count == 1) {
      forward_by<1>(grid, s, samples, stream);
    } else {
      forward_by<kTogether>(grid, s, samples, stream);
    }
  }
  void adjoint(RawView samples, Scale s, RawView grid, std::byte*, Stream& stream) const override {
    if (grid.empty()) return;
    if (batch_of(grid, samples).count == 1) {
      adjoint_by<1>(samples, s, grid, stream);
    } else {
      adjoint_by<kTogether>(samples, s, grid, stream);
    }
  }

 private:
  static Batch<T> batch_of(const RawView& grid, const RawView& samples) {
    return {data<T>(grid),  data<T>(samples), grid.extent[0],    grid.extent[1],
            grid.stride[0], grid.stride[1],   samples.stride[0], samples.stride[1]};
  }

  template <int B>
  void forward_by(const RawView& grid, Scale s, const RawView& samples, Stream& stream) const {
    const Batch<T> batch = batch_of(grid, samples);
    Dims<4> dims;
    dims.add(batch.frames, {spec_.points, 0, 1, 0});
    dims.add((batch.count + B - 1) / B, {0, 0, 0, B});
    dims.add(spec_.points, {0, 1, 0, 0});
    for_each(dims, stream, Forward<T, R, B>{tables_, batch, scaling<T>(s)});
  }
  template <int B>
  void adjoint_by(const RawView& samples, Scale s, const RawView& grid, Stream& stream) const {
    const Batch<T> batch = batch_of(grid, samples);
    const int64_t lists = batch.frames * tables_.tiles[0] * tables_.tiles[1] * tables_.tiles[2];
    launch(adjoint_kernel<T, R, B>, lists * ((batch.count + B - 1) / B), stream, tables_, batch,
           scaling<T>(s));
  }

  static_assert(kTileCells == kBlock);
  InterpolateSpec spec_;
  Tables<R> tables_{};
  HeldArray<TapPlace> places_;
  HeldArray<R> values_;
  HeldArray<int64_t> first_;
  HeldArray<int32_t> reaching_;
};

}  // namespace

std::shared_ptr<const InterpolateKernel> make_interpolate(const InterpolateSpec& spec,
                                                          Stream& stream) {
  return dispatch_floating(spec.dtype, [&]<class H>() -> std::shared_ptr<const InterpolateKernel> {
    return std::make_shared<Interpolate<device_t<H>>>(spec, stream);
  });
}

}  // namespace cuda

}  // namespace lunops
