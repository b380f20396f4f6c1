// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

// What a NUFFT is asked to be (nufft.md §1, §2).
struct NufftSpec {
  DType dtype = DType::c64;    // of data: c64 or c128
  std::vector<int64_t> image;  // N_d, d = 1, 2, 3, slowest first
  int64_t frames = 1;          // images with points of their own
  int64_t points = 0;          // per frame
  const double* coordinates =
      nullptr;  // {frames, points, d} on the host, cycles per field of view, components in the
                // order of `image`; read only while the points are made
  const int64_t* counts = nullptr;  // {frames}: only this many points exist; null: all.  Samples
                                    // beyond are written as 0 and never read.  As coordinates
  bool is_nearest = false;          // points are moved to the nearest grid point (section 7)
  double tol = 1e-4;                // used if width is 0
  int width = 0;                    // instead of tol, with oversamp
  std::array<double, 3> oversamp = {0, 0, 0};
  std::array<int64_t, 3> grid = {0, 0, 0};  // exact grid extents, for studies
  // Of a part of a larger transform: what width and grid are chosen for.  Points 0: for itself.
  struct Whole {
    int64_t frames = 1, points = 0;
    bool operator==(const Whole&) const = default;
  } whole = {};
  // The bits of an image and its samples depend neither on the batch nor on other frames.
  bool deterministic = false;
  // What tests of a GPU may force, where the points allow; results do not depend on it.
  struct Forced {
    enum class Method : uint8_t { choose, tile, direct } method = Method::choose;
    int64_t elements = 0;     // batch elements that one block works on; 0: chosen
    int64_t group_bytes = 0;  // of grids that are worked on together; 0: chosen
    bool operator==(const Forced&) const = default;
  } forced = {};
};

// What was chosen for it.
struct NufftParameters {
  int width = 0;
  std::array<double, 3> oversamp = {0, 0, 0};  // the real ratio grid / image
  std::array<double, 3> beta = {0, 0, 0};
  std::array<int64_t, 3> grid = {0, 0, 0};
  double predicted_error = 0;
  size_t bytes = 0;  // held by the sorted points
};

// What is fused into one application so that it needs no pass over memory of its own.
//
// maps: weights over {batch, image dims}, with the data's dtype, stride 0 for dims they lack; null
// data: none. sum_batch: the image side has no batch dim: forward multiplies x by each map, adjoint
// sums conj(map) * result over the batch in batch order.
struct NufftMaps {
  RawView maps;  // rank 1 + d when data is set
  bool sum_batch = false;
  NufftMaps() {
    maps.data = nullptr;
    maps.ndim = 0;
  }
};

// Of one application, by the cost model of a backend.
struct NufftCost {
  double seconds = 0;
  double flops = 0;
  double bytes = 0;  // memory traffic
  NufftCost& operator+=(const NufftCost& c) noexcept {
    seconds += c.seconds;
    flops += c.flops;
    bytes += c.bytes;
    return *this;
  }
};

// Sorted points and everything derived from them: serves both directions and the Toeplitz build.
// Immutable, thread-safe.
//
// Views: image {frames, batch, N…} ({frames, N…} extents with batch extent 1 when sum_batch) with
// contiguous image dims; samples {frames, batch, points} with contiguous points.  Strides of frames
// and batch are free.
class NufftPoints {
 public:
  virtual ~NufftPoints() = default;
  virtual const NufftParameters& parameters() const noexcept = 0;
  virtual size_t workspace(int64_t batch)
      const noexcept = 0;  // bytes for forward or adjoint with this many batch elements
  virtual NufftCost cost(int64_t batch, bool is_adjoint) const noexcept = 0;

  // samples = alpha F(image) + beta samples, F by (1) of nufft.md; with the sign of the exponent
  // flipped if `conjugate`.
  virtual void forward(RawView image,
                       const NufftMaps& maps,
                       bool conjugate,
                       Scale s,
                       RawView samples,
                       std::byte* workspace,
                       Stream&) const = 0;
  // image = alpha Fᴴ(samples) + beta image, the exact transpose; likewise.
  virtual void adjoint(RawView samples,
                       const NufftMaps& maps,
                       bool conjugate,
                       Scale s,
                       RawView image,
                       std::byte* workspace,
                       Stream&) const = 0;
};

// Fᴴ W F as a convolution (nufft.md §6): kernel spectra, one per index of `kernels`.
struct ToeplitzSpec {
  // dtype: of data; the kernel is built in double at tol / 10.  `counts` are not looked at: points
  // that do not exist have weight 0 and finite coordinates.
  NufftSpec nufft;
  const double* weights_real = nullptr;  // {kernels, points of all frames if frames are summed,
                                         // else frames x points}; null: ones
  const double* weights_imag = nullptr;  // null: real weights, and a real kernel
  int64_t kernels = 1;      // weights that differ by a batch dim give one kernel per index
  bool sum_frames = false;  // one image, points of all frames
  enum class Form : uint8_t { choose, embedded, decomposed } form = Form::choose;

  // A matrix-valued kernel, (5) of nufft.md: y_a = sum_b T_ab x_b, a and b along the frames of the
  // views, points of all frames summed.  `kernels` counts the pairs (a, b): a <= b, a slowest, of a
  // Hermitian matrix, else all of them.
  int64_t matrix = 0;  // K; 0: no matrix
  bool is_hermitian = true;
  // Weights of one kernel at a time, {points} each, in place of the pointers; `imag` is null
  // unless `has_complex_fill`.
  std::function<void(int64_t kernel, double* real, double* imag)> fill = {};
  bool has_complex_fill = false;

  bool is_real() const noexcept { return fill ? !has_complex_fill : weights_imag == nullptr; }
  int64_t kernel_frames() const noexcept { return sum_frames || matrix > 0 ? 1 : nufft.frames; }
  int64_t image_frames() const noexcept { return matrix > 0 ? matrix : kernel_frames(); }
  int64_t points_per_kernel() const noexcept {
    return nufft.frames * nufft.points / kernel_frames();
  }
};

constexpr int64_t matrix_kernels(int64_t k, bool is_hermitian) noexcept {
  return is_hermitian ? k * (k + 1) / 2 : k * k;
}

// Where T_ab, its conjugate, adjoint or transpose is found among the kernels of a matrix.
struct MatrixEntry {
  int64_t kernel;
  bool conjugate;  // the spectrum
};
constexpr MatrixEntry matrix_entry(
    int64_t k, bool is_hermitian, bool conjugate, bool adjoint, int64_t a, int64_t b) noexcept {
  if (!is_hermitian) return {adjoint ? b * k + a : a * k + b, conjugate != adjoint};
  const bool is_upper = a <= b;
  const int64_t low = is_upper ? a : b, high = is_upper ? b : a;
  return {low * k - low * (low - 1) / 2 + high - low, conjugate == is_upper};
}

class ToeplitzKernel {
 public:
  virtual ~ToeplitzKernel() = default;
  virtual size_t bytes() const noexcept = 0;  // of the kernel spectra
  virtual bool is_real() const noexcept = 0;
  virtual bool is_embedded() const noexcept = 0;
  virtual std::array<int64_t, 3> grid() const noexcept = 0;
  virtual size_t workspace(int64_t batch) const noexcept = 0;
  virtual NufftCost cost(int64_t batch) const noexcept = 0;
  // y = alpha T x + beta y; with maps: y = alpha sum_c conj(S_c) T (S_c x) + beta y.  Views
  // {frames, batch, N…} as for NufftPoints. `conjugate`: conj(T) in place of T (T is Hermitian for
  // real weights; `adjoint` takes the conjugate transpose of complex ones).
  virtual void run(RawView x,
                   const NufftMaps& maps,
                   bool conjugate,
                   bool adjoint,
                   Scale s,
                   RawView y,
                   std::byte* workspace,
                   Stream&) const = 0;
};

}  // namespace lunops
