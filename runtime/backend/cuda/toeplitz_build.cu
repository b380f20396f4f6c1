// SPDX-License-Identifier: MIT
#include <cmath>

#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/toeplitz_spectra.hpp"

namespace lunops::cuda {

namespace {

using C = Complex<double>;

// a b / n modulo 1, the product reduced modulo n exactly: a plain double product loses 1e-13 at
// |k| = 128.
__device__ double turns(double a, double b, double n) {
  const double product = a * b;
  const double rest = fma(a, b, -product);
  const double near = product - n * rint(product / n);
  return (near + rest) / n;
}

__device__ C turned(double turns) {
  constexpr double kTwoPi = 6.283185307179586476925;
  const double angle = kTwoPi * (turns - rint(turns));
  return C(cos(angle), sin(angle));
}

__device__ bool bit(int64_t block, int d, int dims) { return ((block >> (dims - 1 - d)) & 1) != 0; }

// One thread per point.
struct Modulate {
  ToeplitzPoints p;
  C* samples;
  template <class A, class I>
  __device__ void operator()(const A&, I number) const {
    const int64_t j = number;
    C weight(p.real == nullptr ? 1.0 : p.real[j], p.imag == nullptr ? 0.0 : p.imag[j]);
    C step[3];
    double shift = 0;
    for (int d = 0; d < p.dims; ++d) {
      const double at = p.coordinates[j * p.dims + d];
      const int64_t half = p.image[d] / 2;
      shift += turns(at, static_cast<double>(half), static_cast<double>(p.image[d]));
      step[d] = turned(turns(at, -1.0, 1.0));
    }
    weight = times(weight, turned(shift));
    for (int64_t s = 0; s < p.blocks; ++s) {
      C value = weight;
      for (int d = 0; d < p.dims; ++d) {
        if (bit(p.first + s, d, p.dims)) value = times(value, step[d]);
      }
      samples[s * p.count + j] = value;
    }
  }
};

// One thread per pixel of a block.
struct LayOut {
  ToeplitzPoints p;
  int64_t pixels;
  double scale;
  const C* images;
  C* c;
  template <class A, class I>
  __device__ void operator()(const A&, I number) const {
    const int64_t block = p.first + static_cast<int64_t>(number) / pixels;
    int64_t rest = static_cast<int64_t>(number) % pixels;
    int64_t at = 0, mirror = 0, stride = 1, slowest = 0;
    for (int d = p.dims - 1; d >= 0; --d) {
      const int64_t n = p.image[d], g = p.grid[d];
      const int64_t r = rest % n;
      rest /= n;
      const bool is_negative = bit(block, d, p.dims);
      if (is_negative && r == 0) return;  // m = -N
      slowest = is_negative ? r - n : r;
      at += (slowest < 0 ? slowest + g : slowest) * stride;
      mirror += (slowest > 0 ? g - slowest : -slowest) * stride;
      stride *= g;
    }
    const C value = images[number];
    const C entry(scale * value.real(), scale * value.imag());
    c[at] = entry;
    // Entries with m = 0 in the slowest dim have their mirrors in blocks of their own.
    if (p.imag == nullptr && slowest != 0) c[mirror] = conj_if(true, entry);
  }
};

template <class T>
struct Keep {
  ToeplitzPart part;
  const C* spectrum;
  T* to;
  template <class A, class I>
  __device__ void operator()(const A&, I number) const {
    int64_t rest = number, at = 0, stride = 1;
    for (int d = 2; d >= 0; --d) {
      at += (rest % part.extent[d] * part.step + part.offset[d]) * stride;
      rest /= part.extent[d];
      stride *= part.grid[d];
    }
    to[number] = converted<T>(spectrum[at]);
  }
};

// All elements of an array, in any order.
template <class F>
void for_count(int64_t count, const Stream& stream, const F& f) {
  Dims<1> dims;
  dims.add(count, {1});
  for_each(dims, stream, f);
}

}  // namespace

void modulate(const ToeplitzPoints& points, c128* samples, const Stream& stream) {
  for_count(points.count, stream, Modulate{points, reinterpret_cast<C*>(samples)});
}

void lay_out(const ToeplitzPoints& points, const c128* images, c128* c, const Stream& stream) {
  int64_t pixels = 1;
  double cells = 1;
  for (int d = 0; d < points.dims; ++d) {
    pixels *= points.image[d];
    cells *= static_cast<double>(points.grid[d]);
  }
  const double scale = 1.0 / (std::sqrt(static_cast<double>(pixels)) * cells);
  for_count(points.blocks * pixels, stream,
            LayOut{points, pixels, scale, reinterpret_cast<const C*>(images),
                   reinterpret_cast<C*>(c)});
}

void keep_spectrum(
    const ToeplitzPart& part, const c128* spectrum, DType dtype, void* to, const Stream& stream) {
  const int64_t count = part.extent[0] * part.extent[1] * part.extent[2];
  dispatch_floating(dtype, [&]<class H>() {
    using T = device_t<H>;
    for_count(count, stream,
              Keep<T>{part, reinterpret_cast<const C*>(spectrum), static_cast<T*>(to)});
  });
}

}  // namespace lunops::cuda
