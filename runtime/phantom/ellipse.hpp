// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/device/context.hpp"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

// Sums of ellipses (2-D) and ellipsoids (3-D), whose Fourier transform is known in closed form:
// test images that no discrete transform has touched.
//
// `table` is an f64 tensor of two dims, one row per ellipse: amplitude; half axes; centre; angle.
// Half axes and centre have one entry per image dim, slowest first, in pixels, the centre relative
// to index floor(N/2).  The angle, in radians, turns the axis of the last dim (x) towards the one
// before it (y).  So a row has 6 entries in 2-D and 8 in 3-D.

// Samples of the transform (1) of nufft.md at a trajectory in cycles per field of view,
//   A prod(a) V(rho) exp(-2 pi i sum_d k_d c_d / N_d) / sqrt(prod N),   rho = 2 pi |(a_d k'_d /
//   N_d)|,
// k'/N turned by the angle, V = 2 pi J1(rho)/rho in 2-D, 4 pi (sin rho - rho cos rho)/rho^3 in 3-D.
//
// extent      N of the image dims, slowest first.
// trajectory  f64 or f32; its last dim holds the components, in the order of the extents.
// shifts      null, or real with components in its last dim: the samples at k - shift, with its
//             other dims in front of the result.
// dtype       c64 or c128; sums are in double.
// Errors: shape, dtype; argument for a half axis that is not positive.
Tensor ellipse_kspace(const Tensor& table,
                      const std::vector<int64_t>& extent,
                      const Tensor& trajectory,
                      const Tensor* shifts,
                      DType dtype,
                      Context& context);

// The image on the grid of `shape` (2 or 3 dims, known extents): each pixel is the mean over
// `supersample` points per dim, centred in the pixel; 1 samples at the pixel centres.  Points on an
// edge are inside.  dtype: any floating type.
Tensor ellipse_image(
    const Tensor& table, const Shape& shape, int supersample, DType dtype, Context& context);

}  // namespace lunops
