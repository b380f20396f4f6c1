// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/backend/array_blocks.hpp"
#include "runtime/backend/cg_scalars.hpp"
#include "runtime/backend/convolution.hpp"
#include "runtime/backend/difference.hpp"
#include "runtime/backend/fft.hpp"
#include "runtime/backend/interpolate.hpp"
#include "runtime/backend/nufft.hpp"
#include "runtime/backend/pointwise.hpp"
#include "runtime/backend/sparse.hpp"
#include "runtime/backend/view.hpp"
#include "runtime/backend/wavelet.hpp"
#include "runtime/device/stream.hpp"

namespace lunops {

enum class Binary : uint8_t;
enum class Unary : uint8_t;
enum class Reduction : uint8_t;

// The kernel interface: what an operator may ask of a device.
//
// Kernels work on raw strided views that carry their dtype, and dispatch inside.  All views of a
// call have the same extents unless it says otherwise; a dim that an operand lacks has stride 0.  A
// kernel neither allocates nor validates: the operator did.  `reference` is the specification
// (shortest correct loop, double accumulation); `cpu` and `cuda` are tested against it.  A backend
// that lacks a kernel throws Error{unsupported} naming kernel and backend, at planning time.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const noexcept = 0;

  static Backend& cpu();  // fastest on this machine's instruction set, or LUNOPS_ISA
  static Backend& reference();

  // Movement.
  virtual void fill(c128 value, RawView y, Stream&) = 0;
  virtual void copy(RawView x,
                    bool conjugate,
                    RawView y,
                    Stream&) = 0;  // converts dtype (never complex to real)
  virtual void axpby(
      RawView x, bool conjugate, Scale s, RawView y, Stream&) = 0;  // y = alpha x + beta y

  // Elementwise.  multiply: y = alpha w x + beta y, with conj(w) if `conjugate`; w may be real
  // where x and y are complex.
  virtual void multiply(RawView w, RawView x, bool conjugate, Scale s, RawView y, Stream&) = 0;
  // y = alpha * sum over terms of scale * product of weights * x + beta y, in the widest of the
  // precisions; `weights` has as many views as the terms number, and x may be y.
  virtual void pointwise(const PointwiseSpec& spec,
                         const RawView* weights,
                         int count,
                         RawView x,
                         Scale s,
                         RawView y,
                         Stream&) = 0;
  virtual void binary(Binary op, RawView a, RawView b, RawView y, Stream&) = 0;
  virtual void unary(Unary op, RawView x, RawView y, Stream&) = 0;
  virtual void where(RawView mask, RawView a, RawView b, RawView y, Stream&) = 0;

  // Reductions.  `y` has the extents of x but stride 0 in the dims that are reduced; min, max of
  // real data only.
  virtual void reduce(Reduction op, RawView x, RawView y, Stream&) = 0;
  // y = alpha sum(x) + beta y for data of one floating dtype, views as in reduce.
  virtual void sum(RawView x, Scale s, RawView y, SumOrder order, Stream&) = 0;
  // One block of sums, all in double and in an order that does not depend on the threads: for k = 0
  // … batch-1 over the leading dim result[k] = sum conj(x) y.  Views have rank 2: {batch, n}; n may
  // be strided.
  virtual void dot(RawView x, RawView y, c128* result, Stream&) = 0;
  virtual void norm2(RawView x, double* result, Stream&) = 0;  // sum |x|^2, {batch, n}

  // y[i] = alpha * sum_j a[i,j] b[i,j] + beta y[i]: all views have the same rank and extents; the
  // last `reduced` dims are summed and have stride 0 in y.  a, b may be conjugated; one of them may
  // be real.  GEMM where strides and order allow.
  virtual void contract(RawView a,
                        bool conjugate_a,
                        RawView b,
                        bool conjugate_b,
                        int reduced,
                        Scale s,
                        RawView y,
                        SumOrder order,
                        Stream&) = 0;

  // y[…, g, r] = alpha * sum over the entries k of row r of group g of value[k] x[…, g, column[k]]
  // + beta y[…, g, r].  x is {…, groups, columns}, y is {…, groups, rows}.
  virtual void sparse(
      const SparseRows& a, bool conjugate, RawView x, Scale s, RawView y, Stream&) = 0;

  // Blocks of an array and back: y = alpha B(x) + beta y, x = alpha B^T(y) + beta x; each element
  // of the array sums its blocks in ascending order.  The array is {…, extents}; the blocks are
  // {…, counts, offsets}, or {…, counts, entries} with a mask.
  virtual void array_to_blocks(const BlockGrid& grid, RawView x, Scale s, RawView y, Stream&) = 0;
  virtual void blocks_to_array(const BlockGrid& grid, RawView y, Scale s, RawView x, Stream&) = 0;

  // Random numbers by logical index: element i (row-major number in the view, plus `first`) depends
  // on (seed, first + i) alone.
  virtual void random(bool normal, uint64_t seed, int64_t first, RawView y, Stream&) = 0;

  // CG's fused passes over rank-2 views {batch, n}; coefficients and results per batch element, in
  // memory of the stream's device.
  //   x += alpha p; r -= alpha q; result[k] = |r|^2
  virtual void cg_update(
      const c128* alpha, RawView p, RawView q, RawView x, RawView r, double* result, Stream&) = 0;
  //   p = z + beta p
  virtual void cg_direction(const c128* beta, RawView z, RawView p, Stream&) = 0;
  //   delta[k] = <p,q>, pp[k] = |p|^2, qq[k] = |q|^2
  virtual void cg_products(RawView p, RawView q, c128* delta, double* pp, double* qq, Stream&) = 0;
  // What lies between them, for all problems.  Default: on the host.
  virtual void cg_scalars(const CgScalars& scalars, CgScalars::Stage stage, Stream&);
  // Bytes of the stream's device for the host, when what was issued before is done.  Default: a
  // copy within the host.
  virtual void fetch(const void* from, void* to, size_t bytes, Stream&);

  // y = alpha D x + beta y with the differences of `spec`.  x and y have equal extents and do not
  // overlap; components lie spec.pitch elements apart.
  virtual void difference(const DifferenceSpec& spec, RawView x, RawView y, Scale s, Stream&) = 0;

  // Planned kernels: made once, used many times, from several threads.
  virtual std::shared_ptr<const FftKernel> fft(const FftSpec& spec, Stream&) = 0;
  // workspace() of the kernel for this spec, without making it.
  virtual size_t fft_workspace(const FftSpec&, Stream&) { return 0; }
  virtual std::shared_ptr<const NufftPoints> nufft(const NufftSpec& spec, Stream&) = 0;
  virtual std::shared_ptr<const InterpolateKernel> interpolate(const InterpolateSpec& spec,
                                                               Stream&) = 0;
  virtual std::shared_ptr<const ToeplitzKernel> toeplitz(const ToeplitzSpec& spec, Stream&) = 0;
  // Without values in `spec` the kernel cannot run, but knows what it would need.
  virtual std::shared_ptr<const ConvolutionKernel> convolution(const ConvolutionSpec& spec,
                                                               Stream&) = 0;
  virtual std::shared_ptr<const WaveletKernel> wavelet(const WaveletSpec& spec, Stream&) = 0;
  // What the cost model expects before anything is made: seconds of one application and of the
  // build, kernel bytes.
  struct NufftEstimate {
    NufftParameters parameters;
    double gridding_seconds = 0;  // forward and adjoint
    double toeplitz_seconds = 0;  // one application, embedded or decomposed, whichever is chosen
    double build_seconds = 0;
    size_t kernel_bytes = 0;
    bool embedded = true;
  };
  virtual NufftEstimate estimate(const NufftSpec& spec, int64_t batch, bool complex_weights) = 0;
  // One application, before anything is made.  Default: on one core of the host.
  virtual NufftCost gridding_cost(const NufftSpec& spec, int64_t batch, bool is_adjoint) const;
  virtual NufftCost toeplitz_cost(const ToeplitzSpec& spec,
                                  int64_t batch,
                                  bool complex_weights) const;
  // Bytes that a NUFFT and its Toeplitz kernel take, before they are made.  Only how many buffers
  // places with very many points take is a guess: sorting shows it.
  struct NufftBytes {
    size_t gridding = 0;  // workspace of one application, either direction
    size_t toeplitz = 0;  // workspace of one application
    size_t kernel = 0;    // kept
    size_t building = 0;  // while the kernel is made, beside it and the coordinates
  };
  // `batch`: images of each frame.  Weights and coordinates of the spec are not looked at. Default:
  // nothing.
  virtual NufftBytes nufft_bytes(const ToeplitzSpec& /*spec*/,
                                 bool /*complex_weights*/,
                                 int64_t /*batch*/,
                                 Stream& /*stream*/) {
    return {};
  }

  // What planning FFTs has cost this process so far.
  struct FftPlanning {
    double seconds = 0;
    int measured = 0;
    int from_wisdom = 0;
  };
  virtual FftPlanning fft_planning() const { return {}; }
  // What the user should hear about planning, such as a cache folder that cannot be written: each
  // note is given to one caller only.  Empty: nothing.
  virtual std::string take_note() { return {}; }
};

}  // namespace lunops
