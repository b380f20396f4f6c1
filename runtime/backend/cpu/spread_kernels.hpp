// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/cpu/spread.hpp"
#include "runtime/backend/cpu/vector.hpp"

// Spreading and interpolation, for spread_f32_isa.cpp and spread_f64_isa.cpp only.
namespace lunops::cpu::LUNOPS_ISA_NAMESPACE {
namespace {

// Kernel values of this many points are computed together: their polynomials are chains of
// dependent multiply-adds, and storing them well before they are used hides the way through memory.
constexpr int kAhead = 16;

// A complex number moved as a whole.
typedef double Word __attribute__((may_alias, aligned(4)));

template <int... I>
LUNOPS_INLINE VectorF collect(const float* p, int64_t stride, Pack<I...>) {
  return VectorF(VectorD{*reinterpret_cast<const Word*>(p + 2 * I * stride)...});
}
template <int... I>
LUNOPS_INLINE VectorD collect(const double* p, int64_t stride, Pack<I...>) {
  return VectorD{p[2 * (I / 2) * stride + I % 2]...};
}
template <int... I>
LUNOPS_INLINE void distribute(VectorF v, float* p, int64_t stride, Pack<I...>) {
  const auto words = VectorD(v);
  ((*reinterpret_cast<Word*>(p + 2 * I * stride) = words[I]), ...);
}
template <int... I>
LUNOPS_INLINE void distribute(VectorD v, double* p, int64_t stride, Pack<I...>) {
  ((p[2 * (I / 2) * stride + I % 2] = v[I]), ...);
}

// The values of all batch elements at one sample as a vector, and back.
template <class T>
LUNOPS_INLINE Vector<T> take(const T* p, int64_t stride, int64_t batch) {
  if (batch == kComplexes<T>) return collect(p, stride, Indices<kVectorBytes / 8>{});
  Vector<T> v{};
  for (int64_t i = 0; i < batch; ++i) {
    v[2 * i] = p[2 * i * stride];
    v[2 * i + 1] = p[2 * i * stride + 1];
  }
  return v;
}
template <class T>
LUNOPS_INLINE void give(Vector<T> v, T* p, int64_t stride, int64_t batch) {
  if (batch == kComplexes<T>) {
    distribute(v, p, stride, Indices<kVectorBytes / 8>{});
    return;
  }
  alignas(kVectorBytes) T lanes[kReals<T>];
  *reinterpret_cast<Vector<T>*>(lanes) = v;
  for (int64_t i = 0; i < batch; ++i) {
    p[2 * i * stride] = lanes[2 * i];
    p[2 * i * stride + 1] = lanes[2 * i + 1];
  }
}

// Horner's rule for `kValues` polynomials at once.
template <class T, int kValues, int kPitch>
LUNOPS_INLINE void evaluate(const T* coefficient, int degree, T z, T* value) {
  constexpr int n = (kValues + kReals<T> - 1) / kReals<T>;
  const Vector<T> zz = splat(z);
  Vector<T> v[n];
  const T* c = coefficient + degree * kPitch;
  for (int i = 0; i < n; ++i) v[i] = load(c + i * kReals<T>);
  for (int k = degree - 1; k >= 0; --k) {
    c -= kPitch;
    for (int i = 0; i < n; ++i) v[i] = fma(v[i], zz, load(c + i * kReals<T>));
  }
  for (int i = 0; i < n; ++i) store(value + i * kReals<T>, v[i]);
}

// Kernel values of up to kAhead points by dim; a dim that the transform lacks has the single
// value 1.
template <class T, bool kIsRow>
struct Stencils {
  static constexpr int kLast = kIsRow ? 2 * kMostWidth : kMostWidth;
  alignas(64) T slow[kAhead][kMostWidth];
  alignas(64) T middle[kAhead][kMostWidth];
  alignas(64) T last[kAhead][kLast];

  template <int W>
  static inline __attribute__((always_inline)) void fill(Stencils& s,
                                                         const TileJob<T>& job,
                                                         int64_t first,
                                                         int64_t count) {
    const int d = job.dims;
    for (int64_t i = 0; i < count; ++i) {
      const T* z = job.z + (first + i) * d;
      evaluate<T, kIsRow ? 2 * W : W, kLast>(job.polynomial[d - 1], job.degree[d - 1], z[d - 1],
                                             s.last[i]);
      if (d > 1) {
        evaluate<T, W, kMostWidth>(job.polynomial[d - 2], job.degree[d - 2], z[d - 2], s.middle[i]);
      } else {
        s.middle[i][0] = T(1);
      }
      if (d > 2) {
        evaluate<T, W, kMostWidth>(job.polynomial[0], job.degree[0], z[0], s.slow[i]);
      } else {
        s.slow[i][0] = T(1);
      }
    }
  }
};

// Offset of a point's left cell in its tile.
template <class T>
LUNOPS_INLINE int64_t cell_of(const TileJob<T>& job, int64_t point) {
  const uint16_t* c = job.cell + point * job.dims;
  switch (job.dims) {
    case 1:
      return c[0];
    case 2:
      return c[0] * job.row_pitch + c[1];
    default:
      return c[0] * job.plane_pitch + c[1] * job.row_pitch + c[2];
  }
}

template <class T>
LUNOPS_INLINE Vector<T> with_beta(const TileJob<T>& job, Vector<T> value, Vector<T> old) {
  Vector<T> beta;
  for (int i = 0; i < kReals<T>; ++i) beta[i] = (i & 1) != 0 ? job.beta_im : job.beta_re;
  return value + multiply<T>(old, beta, false);
}

template <class T, int W>
void interpolate_block(const TileJob<T>& job) {
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  Stencils<T, false> s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Stencils<T, false>::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      const T* corner = job.tile + cell_of(job, first + i) * kReals<T>;
      Vector<T> k[W];
#pragma GCC unroll 16
      for (int b = 0; b < W; ++b) k[b] = splat(s.last[i][b]);
      Vector<T> sum{};
      for (int c = 0; c < planes; ++c) {
        Vector<T> plane{};
        const T* row = corner + c * job.plane_pitch * kReals<T>;
        for (int a = 0; a < rows; ++a, row += job.row_pitch * kReals<T>) {
          Vector<T> line = *reinterpret_cast<const Vector<T>*>(row) * k[0];
#pragma GCC unroll 16
          for (int b = 1; b < W; ++b)
            line = fma(*reinterpret_cast<const Vector<T>*>(row + b * kReals<T>), k[b], line);
          plane = fma(line, splat(s.middle[i][a]), plane);
        }
        sum = fma(plane, splat(s.slow[i][c]), sum);
      }
      T* out = job.samples + 2 * static_cast<int64_t>(job.index[first + i]);
      if (job.has_beta) sum = with_beta(job, sum, take(out, job.sample_stride, job.batch));
      give(sum, out, job.sample_stride, job.batch);
    }
  }
}

template <class T, int W>
void spread_block(const TileJob<T>& job) {
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  Stencils<T, false> s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Stencils<T, false>::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      T* corner = job.tile + cell_of(job, first + i) * kReals<T>;
      const Vector<T> value = take<T>(job.samples + 2 * static_cast<int64_t>(job.index[first + i]),
                                      job.sample_stride, job.batch);
      Vector<T> k[W];
#pragma GCC unroll 16
      for (int b = 0; b < W; ++b) k[b] = splat(s.last[i][b]);
      for (int c = 0; c < planes; ++c) {
        const Vector<T> in_plane = value * splat(s.slow[i][c]);
        T* row = corner + c * job.plane_pitch * kReals<T>;
        for (int a = 0; a < rows; ++a, row += job.row_pitch * kReals<T>) {
          const Vector<T> in_row = in_plane * splat(s.middle[i][a]);
#pragma GCC unroll 16
          for (int b = 0; b < W; ++b) {
            auto* cell = reinterpret_cast<Vector<T>*>(row + b * kReals<T>);
            *cell = fma(in_row, k[b], *cell);
          }
        }
      }
    }
  }
}

template <class T, int W>
void interpolate_row(const TileJob<T>& job) {
  constexpr int n = (2 * W + kReals<T> - 1) / kReals<T>;
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  Stencils<T, true> s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Stencils<T, true>::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t e = 0; e < job.batch; ++e) {
        const T* corner = job.tile + 2 * (e * job.tile_stride + cell_of(job, first + i));
        Vector<T> sum[n]{};
        for (int c = 0; c < planes; ++c) {
          Vector<T> plane[n]{};
          const T* row = corner + 2 * c * job.plane_pitch;
#pragma GCC unroll 4
          for (int a = 0; a < rows; ++a, row += 2 * job.row_pitch) {
            const Vector<T> k = splat(s.middle[i][a]);
            for (int v = 0; v < n; ++v) plane[v] = fma(load(row + v * kReals<T>), k, plane[v]);
          }
          const Vector<T> k = splat(s.slow[i][c]);
          for (int v = 0; v < n; ++v) sum[v] = fma(plane[v], k, sum[v]);
        }
        Vector<T> total = sum[0] * load(s.last[i]);
        for (int v = 1; v < n; ++v) total = fma(sum[v], load(s.last[i] + v * kReals<T>), total);
        T re = total[0];
        T im = total[1];
#pragma GCC unroll 8
        for (int r = 1; r < kComplexes<T>; ++r) {
          re += total[2 * r];
          im += total[2 * r + 1];
        }
        T* out =
            job.samples + 2 * (e * job.sample_stride + static_cast<int64_t>(job.index[first + i]));
        if (job.has_beta) {
          const T old_re = out[0];
          const T old_im = out[1];
          re += job.beta_re * old_re - job.beta_im * old_im;
          im += job.beta_re * old_im + job.beta_im * old_re;
        }
        out[0] = re;
        out[1] = im;
      }
    }
  }
}

template <class T, int W>
void spread_row(const TileJob<T>& job) {
  constexpr int n = (2 * W + kReals<T> - 1) / kReals<T>;
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  Stencils<T, true> s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Stencils<T, true>::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t e = 0; e < job.batch; ++e) {
        T* corner = job.tile + 2 * (e * job.tile_stride + cell_of(job, first + i));
        const T* in =
            job.samples + 2 * (e * job.sample_stride + static_cast<int64_t>(job.index[first + i]));
        Vector<T> value;
        for (int r = 0; r < kReals<T>; ++r) value[r] = in[r & 1];
        Vector<T> line[n];
        for (int v = 0; v < n; ++v) line[v] = value * load(s.last[i] + v * kReals<T>);
        for (int c = 0; c < planes; ++c) {
          T* row = corner + 2 * c * job.plane_pitch;
          for (int a = 0; a < rows; ++a, row += 2 * job.row_pitch) {
            const Vector<T> k = splat(s.slow[i][c] * s.middle[i][a]);
            for (int v = 0; v < n; ++v)
              store(row + v * kReals<T>, fma(line[v], k, load(row + v * kReals<T>)));
          }
        }
      }
    }
  }
}

template <class T>
void load_cells(const T* grid, int64_t batch_stride, int64_t batch, int64_t count, T* cells) {
  constexpr int n = kComplexes<T>;
  for (int64_t x = 0; x < count; x += n) {
    const int64_t width = count - x < n ? count - x : n;
    Vector<T> r[n];
    for (int e = 0; e < n; ++e) {
      const T* row = grid + 2 * (e * batch_stride + x);
      r[e] = e >= batch ? Vector<T>{} : width == n ? load(row) : load_part(row, width);
    }
    transpose<T>(r);
    for (int e = 0; e < n; ++e) {
      if (e < width) *reinterpret_cast<Vector<T>*>(cells + (x + e) * kReals<T>) = r[e];
    }
  }
}

template <class T>
void add_cells(const T* cells, int64_t count, T* grid, int64_t batch_stride, int64_t batch) {
  constexpr int n = kComplexes<T>;
  for (int64_t x = 0; x < count; x += n) {
    const int64_t width = count - x < n ? count - x : n;
    Vector<T> r[n];
    for (int e = 0; e < n; ++e)
      r[e] = e < width ? *reinterpret_cast<const Vector<T>*>(cells + (x + e) * kReals<T>)
                       : Vector<T>{};
    transpose<T>(r);
    for (int e = 0; e < n; ++e) {
      if (e >= batch) break;
      T* row = grid + 2 * (e * batch_stride + x);
      if (width == n) {
        store(row, r[e] + load(row));
      } else {
        store_part(row, r[e] + load_part(row, width), width);
      }
    }
  }
}

template <class T, int... I>
constexpr SpreadFunctions<T> spread_functions(Pack<I...>) {
  return {kComplexes<T>,
          {interpolate_block<T, kLeastWidth + I>...},
          {spread_block<T, kLeastWidth + I>...},
          {interpolate_row<T, kLeastWidth + I>...},
          {spread_row<T, kLeastWidth + I>...},
          load_cells<T>,
          add_cells<T>};
}

}  // namespace
}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
