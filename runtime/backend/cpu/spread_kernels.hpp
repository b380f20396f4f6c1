// SPDX-License-Identifier: MIT
#pragma once

#include "runtime/backend/cpu/rounded.hpp"
#include "runtime/backend/cpu/spread.hpp"
#include "runtime/backend/cpu/vector.hpp"

// Spreading and interpolation, for spread_*_isa.cpp and table_*_isa.cpp only.
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

// Where the kernels of one group of points find their values: a dim that the transform lacks has
// the single value 1.  `fill` is called before the values of up to kAhead points are used.
//
// By polynomials, evaluated for the whole group at once.
template <class T, bool kIsRow>
struct Polynomials {
  using Job = TileJob<T>;
  static constexpr bool kHasAlpha = false;
  static constexpr int kLast = kIsRow ? 2 * kMostWidth : kMostWidth;
  alignas(64) T slow_[kAhead][kMostWidth];
  alignas(64) T middle_[kAhead][kMostWidth];
  alignas(64) T last_[kAhead][kLast];

  const T* slow(int64_t i) const { return slow_[i]; }
  const T* middle(int64_t i) const { return middle_[i]; }
  const T* last(int64_t i) const { return last_[i]; }
  // Of the cells v * kComplexes and behind, each value twice.
  Vector<T> last_twice(int64_t i, int v) const { return load(last_[i] + v * kReals<T>); }

  template <int W>
  static inline __attribute__((always_inline)) void fill(Polynomials& s,
                                                         const TileJob<T>& job,
                                                         int64_t first,
                                                         int64_t count) {
    const int d = job.dims;
    for (int64_t i = 0; i < count; ++i) {
      const T* z = job.z + (first + i) * d;
      evaluate<T, kIsRow ? 2 * W : W, kLast>(job.polynomial[d - 1], job.degree[d - 1], z[d - 1],
                                             s.last_[i]);
      if (d > 1) {
        evaluate<T, W, kMostWidth>(job.polynomial[d - 2], job.degree[d - 2], z[d - 2],
                                   s.middle_[i]);
      } else {
        s.middle_[i][0] = T(1);
      }
      if (d > 2) {
        evaluate<T, W, kMostWidth>(job.polynomial[0], job.degree[0], z[0], s.slow_[i]);
      } else {
        s.slow_[i][0] = T(1);
      }
    }
  }
};

// From a table by point.
template <class T, bool>
struct Table {
  using Job = TableJob<T>;
  static constexpr bool kHasAlpha = true;
  T one_ = T(1);
  const T *slow_, *middle_, *last_;
  int64_t pitch_, middle_pitch_, slow_pitch_;

  const T* slow(int64_t i) const { return slow_ + i * slow_pitch_; }
  const T* middle(int64_t i) const { return middle_ + i * middle_pitch_; }
  const T* last(int64_t i) const { return last_ + i * pitch_; }
  Vector<T> last_twice(int64_t i, int v) const {
    return load_each_twice(last(i) + v * kComplexes<T>);
  }

  template <int W>
  static inline __attribute__((always_inline)) void fill(Table& s,
                                                         const TableJob<T>& job,
                                                         int64_t first,
                                                         int64_t) {
    const T* values = job.values + first * job.value_pitch;
    s.pitch_ = job.value_pitch;
    s.last_ = values;
    s.middle_ = job.dims > 1 ? values + job.middle_at : &s.one_;
    s.middle_pitch_ = job.dims > 1 ? job.value_pitch : 0;
    s.slow_ = job.dims > 2 ? values + job.slow_at : &s.one_;
    s.slow_pitch_ = job.dims > 2 ? job.value_pitch : 0;
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

template <class T>
LUNOPS_INLINE Vector<T> with_alpha(const TableJob<T>& job, Vector<T> value) {
  if (!job.has_alpha) return value;
  Vector<T> alpha;
  for (int i = 0; i < kReals<T>; ++i) alpha[i] = (i & 1) != 0 ? job.alpha_im : job.alpha_re;
  return multiply<T>(value, alpha, false);
}

template <class T, int W, template <class, bool> class Values>
void interpolate_block(const typename Values<T, false>::Job& job) {
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  using Source = Values<T, false>;
  Source s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Source::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      const T* corner = job.tile + cell_of(job, first + i) * kReals<T>;
      Vector<T> k[W];
#pragma GCC unroll 16
      for (int b = 0; b < W; ++b) k[b] = splat(s.last(i)[b]);
      Vector<T> sum{};
      for (int c = 0; c < planes; ++c) {
        Vector<T> plane{};
        const T* row = corner + c * job.plane_pitch * kReals<T>;
        for (int a = 0; a < rows; ++a, row += job.row_pitch * kReals<T>) {
          Vector<T> line = *reinterpret_cast<const Vector<T>*>(row) * k[0];
#pragma GCC unroll 16
          for (int b = 1; b < W; ++b)
            line = fma(*reinterpret_cast<const Vector<T>*>(row + b * kReals<T>), k[b], line);
          plane = fma(line, splat(s.middle(i)[a]), plane);
        }
        sum = fma(plane, splat(s.slow(i)[c]), sum);
      }
      T* out = job.samples + 2 * static_cast<int64_t>(job.index[first + i]);
      if constexpr (Source::kHasAlpha) sum = with_alpha(job, sum);
      if (job.has_beta) sum = with_beta(job, sum, take(out, job.sample_stride, job.batch));
      give(sum, out, job.sample_stride, job.batch);
    }
  }
}

template <class T, int W, template <class, bool> class Values>
void spread_block(const typename Values<T, false>::Job& job) {
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  using Source = Values<T, false>;
  Source s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Source::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      T* corner = job.tile + cell_of(job, first + i) * kReals<T>;
      Vector<T> value = take<T>(job.samples + 2 * static_cast<int64_t>(job.index[first + i]),
                                job.sample_stride, job.batch);
      if constexpr (Source::kHasAlpha) value = with_alpha(job, value);
      Vector<T> k[W];
#pragma GCC unroll 16
      for (int b = 0; b < W; ++b) k[b] = splat(s.last(i)[b]);
      for (int c = 0; c < planes; ++c) {
        const Vector<T> in_plane = value * splat(s.slow(i)[c]);
        T* row = corner + c * job.plane_pitch * kReals<T>;
        for (int a = 0; a < rows; ++a, row += job.row_pitch * kReals<T>) {
          const Vector<T> in_row = in_plane * splat(s.middle(i)[a]);
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

template <class T, int W, template <class, bool> class Values>
void interpolate_row(const typename Values<T, true>::Job& job) {
  constexpr int n = (2 * W + kReals<T> - 1) / kReals<T>;
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  using Source = Values<T, true>;
  Source s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Source::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t e = 0; e < job.batch; ++e) {
        const T* corner = job.tile + 2 * (e * job.tile_stride + cell_of(job, first + i));
        Vector<T> sum[n]{};
        for (int c = 0; c < planes; ++c) {
          Vector<T> plane[n]{};
          const T* row = corner + 2 * c * job.plane_pitch;
#pragma GCC unroll 4
          for (int a = 0; a < rows; ++a, row += 2 * job.row_pitch) {
            const Vector<T> k = splat(s.middle(i)[a]);
            for (int v = 0; v < n; ++v) plane[v] = fma(load(row + v * kReals<T>), k, plane[v]);
          }
          const Vector<T> k = splat(s.slow(i)[c]);
          for (int v = 0; v < n; ++v) sum[v] = fma(plane[v], k, sum[v]);
        }
        Vector<T> total = sum[0] * s.last_twice(i, 0);
        for (int v = 1; v < n; ++v) total = fma(sum[v], s.last_twice(i, v), total);
        T re = total[0];
        T im = total[1];
#pragma GCC unroll 8
        for (int r = 1; r < kComplexes<T>; ++r) {
          re += total[2 * r];
          im += total[2 * r + 1];
        }
        T* out =
            job.samples + 2 * (e * job.sample_stride + static_cast<int64_t>(job.index[first + i]));
        if constexpr (Source::kHasAlpha) {
          if (job.has_alpha) {
            const T sum_re = re;
            re = LUNOPS_ROUNDED(job.alpha_re * sum_re) - LUNOPS_ROUNDED(job.alpha_im * im);
            im = LUNOPS_ROUNDED(job.alpha_re * im) + LUNOPS_ROUNDED(job.alpha_im * sum_re);
          }
        }
        if (job.has_beta) {
          const T old_re = out[0];
          const T old_im = out[1];
          re += LUNOPS_ROUNDED(job.beta_re * old_re) - LUNOPS_ROUNDED(job.beta_im * old_im);
          im += LUNOPS_ROUNDED(job.beta_re * old_im) + LUNOPS_ROUNDED(job.beta_im * old_re);
        }
        out[0] = re;
        out[1] = im;
      }
    }
  }
}

template <class T, int W, template <class, bool> class Values>
void spread_row(const typename Values<T, true>::Job& job) {
  constexpr int n = (2 * W + kReals<T> - 1) / kReals<T>;
  const int rows = job.dims > 1 ? W : 1;
  const int planes = job.dims > 2 ? W : 1;
  using Source = Values<T, true>;
  Source s;
  for (int64_t first = job.begin; first < job.end; first += kAhead) {
    const int64_t count = job.end - first < kAhead ? job.end - first : kAhead;
    Source::template fill<W>(s, job, first, count);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t e = 0; e < job.batch; ++e) {
        T* corner = job.tile + 2 * (e * job.tile_stride + cell_of(job, first + i));
        const T* in =
            job.samples + 2 * (e * job.sample_stride + static_cast<int64_t>(job.index[first + i]));
        Vector<T> value;
        for (int r = 0; r < kReals<T>; ++r) value[r] = in[r & 1];
        if constexpr (Source::kHasAlpha) value = with_alpha(job, value);
        Vector<T> line[n];
        for (int v = 0; v < n; ++v) line[v] = value * s.last_twice(i, v);
        for (int c = 0; c < planes; ++c) {
          T* row = corner + 2 * c * job.plane_pitch;
          for (int a = 0; a < rows; ++a, row += 2 * job.row_pitch) {
            const Vector<T> k = splat(s.slow(i)[c] * s.middle(i)[a]);
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
          {interpolate_block<T, kLeastWidth + I, Polynomials>...},
          {spread_block<T, kLeastWidth + I, Polynomials>...},
          {interpolate_row<T, kLeastWidth + I, Polynomials>...},
          {spread_row<T, kLeastWidth + I, Polynomials>...},
          load_cells<T>,
          add_cells<T>};
}

template <class T, int... I>
constexpr TableFunctions<T> table_functions(Pack<I...>) {
  return {kComplexes<T>,
          {interpolate_block<T, 1 + I, Table>...},
          {spread_block<T, 1 + I, Table>...},
          {interpolate_row<T, 1 + I, Table>...},
          {spread_row<T, 1 + I, Table>...}};
}

}  // namespace
}  // namespace lunops::cpu::LUNOPS_ISA_NAMESPACE
