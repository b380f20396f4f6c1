// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/fold.cuh"

namespace lunops {

using namespace cuda;

namespace {

template <class T>
struct Update : Adding<double> {
  const Complex<double>* alpha;
  const T *p, *q;
  T *x, *r;
  double* result;
  // Each element is a term once, so x and r are written here.
  template <class A, class I>
  __device__ double term(const A& at, I row) const {
    using W = wide_t<T>;
    const W factor = converted<W>(alpha[row]);
    x[at[2]] = converted<T>(wide(x[at[2]]) + times(factor, wide(p[at[0]])));
    const T rest = converted<T>(wide(r[at[3]]) - times(factor, wide(q[at[1]])));
    r[at[3]] = rest;
    return norm_of(rest);
  }
  template <class A, class I>
  __device__ void finish(const double& sum, const A&, I row) const {
    result[row] = sum;
  }
};

template <class T>
struct Direction {
  const Complex<double>* beta;
  const T* z;
  T* p;
  int64_t n;
  template <class A, class I>
  __device__ void operator()(const A& at, I i) const {
    using W = wide_t<T>;
    const W factor = converted<W>(beta[i / n]);
    p[at[1]] = converted<T>(wide(z[at[0]]) + times(factor, wide(p[at[1]])));
  }
};

struct Products {
  Complex<double> delta;
  double pp = 0, qq = 0;
  __device__ Products() : delta(0.0, 0.0) {}
};

template <class T>
struct Multiplying {
  using Acc = Products;
  const T *p, *q;
  Complex<double>* delta;
  double *pp, *qq;
  template <class A, class I>
  __device__ Products term(const A& at, I) const {
    using C = Complex<double>;
    const T a = p[at[0]], b = q[at[1]];
    Products t;
    t.delta = times(conj_if(true, converted<C>(a)), converted<C>(b));
    t.pp = norm_of(a);
    t.qq = norm_of(b);
    return t;
  }
  static __device__ void add(Products& sum, const Products& x) {
    sum.delta += x.delta;
    sum.pp += x.pp;
    sum.qq += x.qq;
  }
  template <class A, class I>
  __device__ void finish(const Products& sum, const A&, I row) const {
    delta[row] = sum.delta;
    pp[row] = sum.pp;
    qq[row] = sum.qq;
  }
};

struct Scalars {
  CgScalars scalars;
  CgScalars::Stage stage;
  template <class A, class I>
  __device__ void operator()(const A&, I k) const {
    scalars.advance(stage, static_cast<int64_t>(k));
  }
};

}  // namespace

// x += alpha p; r -= alpha q; result[k] = |r|^2
void CudaBackend::cg_update(
    const c128* alpha, RawView p, RawView q, RawView x, RawView r, double* result, Stream& stream) {
  Dims<4> rows, terms;
  rows_of_batch<4>(rows, terms, p, q, x, r);
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    Update<T> f;
    f.alpha = reinterpret_cast<const Complex<double>*>(alpha);
    f.p = data<const T>(p);
    f.q = data<const T>(q);
    f.x = data<T>(x);
    f.r = data<T>(r);
    f.result = result;
    fold(rows, terms, stream, f);
  });
}

// p = z + beta p
void CudaBackend::cg_direction(const c128* beta, RawView z, RawView p, Stream& stream) {
  if (p.empty()) return;
  dispatch_floating(p.dtype, [&]<class H>() {
    using T = device_t<H>;
    for_each(merge_dims(z, p), stream,
             Direction<T>{reinterpret_cast<const Complex<double>*>(beta), data<const T>(z),
                          data<T>(p), p.extent[1]});
  });
}

// delta[k] = <p, q>, pp[k] = |p|^2, qq[k] = |q|^2
void CudaBackend::cg_products(
    RawView p, RawView q, c128* delta, double* pp, double* qq, Stream& stream) {
  Dims<2> rows, terms;
  rows_of_batch<2>(rows, terms, p, q);
  dispatch_floating(p.dtype, [&]<class H>() {
    using T = device_t<H>;
    Multiplying<T> f;
    f.p = data<const T>(p);
    f.q = data<const T>(q);
    f.delta = reinterpret_cast<Complex<double>*>(delta);
    f.pp = pp;
    f.qq = qq;
    fold(rows, terms, stream, f);
  });
}

void CudaBackend::cg_scalars(const CgScalars& scalars, CgScalars::Stage stage, Stream& stream) {
  Dims<1> problems;
  problems.add(scalars.count, {1});
  for_each(problems, stream, Scalars{scalars, stage});
}

}  // namespace lunops
