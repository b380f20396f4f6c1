// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <complex>
#include <cstdint>
#include <vector>

#include "runtime/backend/cpu/fft_plan.hpp"
#include "runtime/backend/cpu/lines.hpp"
#include "runtime/backend/nufft.hpp"

namespace lunops::cpu {

// The FFT passes between an image and a larger grid that holds it (nufft.md §5): lines that are
// zero are not transformed, lines that are not wanted not computed.  T is the real type.
//
// A plane of memory holds the grid of one batch element, {z, y, x} with padded rows.  Between
// passes the image's rows lie at its own indices n, whatever their place on the line; only a line
// buffer knows that image index n belongs to grid index n - origin modulo grid.
template <class T>
class PrunedPasses {
 public:
  // Elements of its memory.
  struct Sizes {
    int64_t row_pitch = 0;
    int64_t slab = 0;    // one z
    int64_t plane = 0;   // one batch element
    int64_t buffer = 0;  // one line buffer
  };
  // Of the passes that the constructor would make.
  static Sizes sizes(const std::vector<int64_t>& image,
                     const std::array<int64_t, 3>& grid,
                     bool is_compact);

  using C = std::complex<T>;

  // One dim: `image` points at grid positions n - origin modulo grid.
  struct Dim {
    int64_t image = 1;
    int64_t grid = 1;
    int64_t origin = 0;
    const LinePlan<T>* plan[2] = {nullptr, nullptr};  // sign -1, sign +1
    const LinePlan<T>& of(int sign) const noexcept { return *plan[sign > 0]; }
  };

  PrunedPasses() = default;
  // Extents by dim, slowest first, 1 to 3 of them.  `is_compact`: the first dim is transformed
  // there and back within a line buffer, so that a plane holds the image's extent of it.
  PrunedPasses(const std::vector<int64_t>& image,
               const std::array<int64_t, 3>& grid,
               bool is_centred,
               bool is_compact);

  const Dim& dim(int d) const noexcept { return dims_[static_cast<size_t>(d)]; }  // of z, y, x
  int rank() const noexcept { return rank_; }
  int64_t row_pitch() const noexcept { return sizes_.row_pitch; }
  int64_t slab() const noexcept { return sizes_.slab; }      // elements of one z
  int64_t plane() const noexcept { return sizes_.plane; }    // elements of one batch element
  int64_t buffer() const noexcept { return sizes_.buffer; }  // elements of one line buffer
  int64_t row_chunks() const noexcept {                      // chunks of image rows of one z
    return (dims_[1].image + kChunk - 1) / kChunk;
  }
  int64_t column_chunks() const noexcept { return (dims_[2].grid + kChunk - 1) / kChunk; }
  const LineFunctions<T>& lines() const noexcept { return *lines_; }

  // Rows and maps of one image: pointers to its first element, strides of z and y.
  struct Image {
    C* data = nullptr;
    int64_t stride[2] = {0, 0};
  };
  struct Map {
    const C* data = nullptr;  // null: none
    int64_t stride[3] = {0, 0, 0};
    bool conjugate = false;
  };

  // What image pixels are multiplied with besides the map.  Phases are for grids as large as the
  // image (origin 0).
  struct Weights {
    const T* x = nullptr;       // {image x}, or null
    const double* y = nullptr;  // {image y}, or null
    const double* z = nullptr;  // {image z}, or null
    c128 scale = 1.0;
    // Phases by dim, or null: multiplied on loading, their conjugates on storing, the other way
    // round if `conjugate`.
    const C* phase_x = nullptr;
    const c128* phase_y = nullptr;
    const c128* phase_z = nullptr;
    bool conjugate = false;
  };

  // Image rows times map and weights -> lines along x, into the plane at their image index.
  // `a`: a line buffer; `map_row`: room for one row of the map.
  void load_rows(int64_t z,
                 int64_t chunk,
                 const Image& image,
                 const Map& map,
                 const Weights& weights,
                 int sign,
                 C* a,
                 C* map_row,
                 C* plane) const {
    const Dim& x = dims_[2];
    const int64_t first = chunk * kChunk;
    const int64_t pitch = sizes_.row_pitch;
    const int64_t head = x.image - x.origin;
    for (int64_t i = 0; i < rows_per_chunk_; ++i) {
      C* line = a + i * pitch;
      const int64_t y = first + i;
      if (y >= dims_[1].image) {
        std::fill_n(line, x.grid, C(0));
        continue;
      }
      const C* row = image.data + z * image.stride[0] + y * image.stride[1];
      const C* m = map_row_of(map, z, y, map_row);
      const C scale = scale_of(weights, z, y, weights.conjugate);
      product(row + x.origin, m == nullptr ? m : m + x.origin, map.conjugate,
              weights.x == nullptr ? nullptr : weights.x + x.origin, scale, line, head, false);
      std::fill(line + head, line + x.grid - x.origin, C(0));
      product(row, m, map.conjugate, weights.x, scale, line + x.grid - x.origin, x.origin, false);
      if (weights.phase_x != nullptr)
        product(line, weights.phase_x, weights.conjugate, nullptr, C(1), line, x.image, false);
    }
    x.of(sign).execute(real(a), real(plane + z * sizes_.slab + first * pitch));
  }

  // Lines along x of the plane -> image rows, times conj(map) and weights; added if `add`.
  void store_rows(int64_t z,
                  int64_t chunk,
                  const C* plane,
                  const Map& map,
                  const Weights& weights,
                  int sign,
                  bool add,
                  C* b,
                  C* map_row,
                  const Image& image) const {
    const Dim& x = dims_[2];
    const int64_t first = chunk * kChunk;
    const int64_t pitch = sizes_.row_pitch;
    const int64_t head = x.image - x.origin;
    x.of(sign).execute(real(plane + z * sizes_.slab + first * pitch), real(b));
    const int64_t rows = std::min<int64_t>(rows_per_chunk_, dims_[1].image - first);
    for (int64_t i = 0; i < rows; ++i) {
      C* line = b + i * pitch;
      const int64_t y = first + i;
      if (weights.phase_x != nullptr)
        product(line, weights.phase_x, !weights.conjugate, nullptr, C(1), line, x.image, false);
      C* row = image.data + z * image.stride[0] + y * image.stride[1];
      const C* m = map_row_of(map, z, y, map_row);
      const C scale = scale_of(weights, z, y, !weights.conjugate);
      product(line, m == nullptr ? m : m + x.origin, !map.conjugate,
              weights.x == nullptr ? nullptr : weights.x + x.origin, scale, row + x.origin, head,
              add);
      product(line + x.grid - x.origin, m, !map.conjugate, weights.x, scale, row, x.origin, add);
    }
  }

  // Columns of one chunk along dim d: the image's rows -> lines in `a`, zero elsewhere.
  void gather_image(int d, const C* column, int64_t stride, int64_t columns, C* a) const {
    const Dim& dim = dims_[static_cast<size_t>(d)];
    const int64_t pitch = dim.of(-1).pitch();
    const int64_t head = dim.image - dim.origin;
    for (int64_t i = 0; i < kChunk; ++i) {
      std::fill(a + i * pitch + (i < columns ? head : 0),
                a + i * pitch + (i < columns ? dim.grid - dim.origin : dim.grid), C(0));
    }
    gather(column + dim.origin * stride, stride, head, columns, a, pitch);
    gather(column, stride, dim.origin, columns, a + dim.grid - dim.origin, pitch);
  }
  void scatter_image(int d, const C* b, int64_t columns, C* column, int64_t stride) const {
    const Dim& dim = dims_[static_cast<size_t>(d)];
    const int64_t pitch = dim.of(-1).pitch();
    const int64_t head = dim.image - dim.origin;
    scatter(b, pitch, head, columns, column + dim.origin * stride, stride);
    scatter(b + dim.grid - dim.origin, pitch, dim.origin, columns, column, stride);
  }
  void gather_grid(int d, const C* column, int64_t stride, int64_t columns, C* a) const {
    const Dim& dim = dims_[static_cast<size_t>(d)];
    const int64_t pitch = dim.of(-1).pitch();
    for (int64_t i = columns; i < kChunk; ++i) std::fill_n(a + i * pitch, dim.grid, C(0));
    gather(column, stride, dim.grid, columns, a, pitch);
  }
  void scatter_grid(int d, const C* b, int64_t columns, C* column, int64_t stride) const {
    const Dim& dim = dims_[static_cast<size_t>(d)];
    scatter(b, dim.of(-1).pitch(), dim.grid, columns, column, stride);
  }

  // One chunk of columns along y (d = 1) or z (d = 0), image to grid or back, within a plane.
  // `line` is z for d = 1 and the grid's y for d = 0.
  void columns_to_grid(int d, int64_t line, int64_t chunk, int sign, C* a, C* b, C* plane) const {
    C* column = plane + column_at(d, line, chunk);
    gather_image(d, column, stride_of(d), columns_in(chunk), a);
    dims_[static_cast<size_t>(d)].of(sign).execute(real(a), real(b));
    scatter_grid(d, b, columns_in(chunk), column, stride_of(d));
  }
  void columns_to_image(int d, int64_t line, int64_t chunk, int sign, C* a, C* b, C* plane) const {
    C* column = plane + column_at(d, line, chunk);
    gather_grid(d, column, stride_of(d), columns_in(chunk), a);
    dims_[static_cast<size_t>(d)].of(sign).execute(real(a), real(b));
    scatter_image(d, b, columns_in(chunk), column, stride_of(d));
  }
  int64_t column_at(int d, int64_t line, int64_t chunk) const noexcept {
    return line * (d == 1 ? sizes_.slab : sizes_.row_pitch) + chunk * kChunk;
  }
  int64_t columns_in(int64_t chunk) const noexcept {
    return std::min<int64_t>(kChunk, dims_[2].grid - chunk * kChunk);
  }
  int64_t stride_of(int d) const noexcept { return d == 1 ? sizes_.row_pitch : sizes_.slab; }

  static const T* real(const C* p) noexcept { return reinterpret_cast<const T*>(p); }
  static T* real(C* p) noexcept { return reinterpret_cast<T*>(p); }

 private:
  static C scale_of(const Weights& w, int64_t z, int64_t y, bool conjugate) {
    double factor = w.y == nullptr ? 1.0 : w.y[y];
    if (w.z != nullptr) factor *= w.z[z];
    if (w.phase_y == nullptr) return C(w.scale * factor);
    c128 phase = w.phase_y[y];
    if (w.phase_z != nullptr) phase *= w.phase_z[z];
    return C(w.scale * factor * (conjugate ? std::conj(phase) : phase));
  }
  const C* map_row_of(const Map& map, int64_t z, int64_t y, C* row) const {
    if (map.data == nullptr) return nullptr;
    const C* m = map.data + z * map.stride[0] + y * map.stride[1];
    if (map.stride[2] == 1) return m;
    for (int64_t x = 0; x < dims_[2].image; ++x) row[x] = m[x * map.stride[2]];
    return row;
  }
  void product(const C* x,
               const C* map,
               bool conjugate,
               const T* weight,
               C scale,
               C* y,
               int64_t n,
               bool add) const {
    (add ? lines_->multiply_add : lines_->multiply)(real(x), real(map), conjugate, weight,
                                                    scale.real(), scale.imag(), real(y), n);
  }
  void gather(
      const C* x, int64_t stride, int64_t rows, int64_t columns, C* a, int64_t pitch) const {
    lines_->gather(real(x), stride, rows, columns, real(a), pitch);
  }
  void scatter(
      const C* b, int64_t pitch, int64_t rows, int64_t columns, C* y, int64_t stride) const {
    lines_->scatter(real(b), pitch, rows, columns, real(y), stride);
  }

  const LineFunctions<T>* lines_ = nullptr;
  std::array<Dim, 3> dims_;
  int rank_ = 0;
  int64_t rows_per_chunk_ = kChunk;
  Sizes sizes_;
};

// Image {frame, batch} of a view {frames, batch, N…}.
template <class T>
typename PrunedPasses<T>::Image image_of(const RawView& view, int64_t frame, int64_t batch) {
  typename PrunedPasses<T>::Image image;
  image.data =
      static_cast<std::complex<T>*>(view.data) + frame * view.stride[0] + batch * view.stride[1];
  const int rank = view.ndim - 2;
  for (int i = 0; i < 2; ++i) {
    if (rank > 2 - i) image.stride[i] = view.stride[static_cast<size_t>(view.ndim - 3 + i)];
  }
  return image;
}

// The map of one batch element.
template <class T>
typename PrunedPasses<T>::Map map_of(const NufftMaps& maps, int64_t batch) {
  typename PrunedPasses<T>::Map map;
  const RawView& view = maps.maps;
  if (view.data == nullptr) return map;
  map.data = static_cast<const std::complex<T>*>(view.data) + batch * view.stride[0];
  for (int d = 1; d < view.ndim; ++d)
    map.stride[3 - (view.ndim - d)] = view.stride[static_cast<size_t>(d)];
  return map;
}

}  // namespace lunops::cpu
