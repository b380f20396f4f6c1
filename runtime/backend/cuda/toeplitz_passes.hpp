// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cstdint>

#include "runtime/backend/nufft.hpp"
#include "runtime/backend/view.hpp"
#include "runtime/device/stream.hpp"

// The passes of a Toeplitz normal around its FFTs.
namespace lunops::cuda {

// Images that are in work together: a rectangle of frames and batch elements.
//
// They lie as {grid y, frames, batches, image z, grid x}: rows of the image come first and without
// gaps, lines along y all have one stride, so that one plan transforms each dim and no row of zeros
// is transformed.  Dims that an image lacks, z first, have extent 1.
struct ToeplitzGroup {
  int image[3], grid[3];  // of z, y, x
  int frames, batches;
  int64_t frame, batch;  // the first ones
  int images() const noexcept { return frames * batches; }
};

// exp(-i pi n / N) for n = 0 … N-1 of z, y, x, in the dtype of the data; null: ones.
struct ToeplitzPhases {
  const void* of[3] = {nullptr, nullptr, nullptr};
  bool conjugate = false;
};

// Image pixels times maps and phases, zero beyond the image.
void load_images(const ToeplitzGroup& group,
                 const RawView& x,
                 const NufftMaps& maps,
                 const ToeplitzPhases& phases,
                 void* planes,
                 const Stream& stream);

// y = beta y + alpha times the conjugates of phases and maps times the planes: for each pixel the
// batch elements one after another, each rounded, so that sums do not depend on groups.
// `add`: to what earlier groups or terms left in y, in place of beta y.  No planes: zeros.
void store_images(const ToeplitzGroup& group,
                  const void* planes,
                  const NufftMaps& maps,
                  const ToeplitzPhases& phases,
                  Scale s,
                  bool add,
                  const RawView& y,
                  const Stream& stream);

// Lines along z of grid rows y = first … first + count - 1, as {grid z, count, images, grid x}:
// zero beyond the image, and where there is no such y.
struct ToeplitzColumns {
  int first, count;
};
void gather_columns(const ToeplitzGroup& group,
                    const ToeplitzColumns& columns,
                    DType dtype,
                    const void* planes,
                    void* lines,
                    const Stream& stream);
void scatter_columns(const ToeplitzGroup& group,
                     const ToeplitzColumns& columns,
                     DType dtype,
                     const void* lines,
                     void* planes,
                     const Stream& stream);

// Spectra {kernels, frames with a kernel each, terms, grid z, grid y, grid x} of one term.
struct ToeplitzSpectrum {
  const void* data;  // the term's, of the first kernel and frame
  bool is_real;
  bool conjugate;     // of a kernel that is no matrix
  int64_t by_kernel;  // elements from one kernel to the next; 0: one for all batch elements
  int64_t by_frame;
  // Of a matrix: extent, and for each pair of output and input 2 * kernel + conjugate.
  int matrix = 0;
  const int32_t* entries = nullptr;
};
// Lines as gather_columns leaves them; of images without z the planes themselves.
void multiply_spectrum(const ToeplitzGroup& group,
                       const ToeplitzColumns& columns,
                       const ToeplitzSpectrum& spectrum,
                       DType dtype,
                       void* lines,
                       const Stream& stream);

}  // namespace lunops::cuda
