// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/fold.cuh"
#include "runtime/backend/cuda/results.hpp"

namespace lunops {

using namespace cuda;

namespace {

template <class T>
struct Dot : Adding<Complex<double>> {
  const T* x;
  const T* y;
  Complex<double>* result;
  template <class A, class I>
  __device__ Complex<double> term(const A& at, I) const {
    using C = Complex<double>;
    return times(conj_if(true, converted<C>(x[at[0]])), converted<C>(y[at[1]]));
  }
  template <class A, class I>
  __device__ void finish(const Complex<double>& sum, const A&, I row) const {
    result[row] = sum;
  }
};

template <class T>
struct Norm2 : Adding<double> {
  const T* x;
  double* result;
  template <class A, class I>
  __device__ double term(const A& at, I) const {
    return norm_of(x[at[0]]);
  }
  template <class A, class I>
  __device__ void finish(const double& sum, const A&, I row) const {
    result[row] = sum;
  }
};

}  // namespace

// result[k] = sum conj(x[k, i]) y[k, i]
void CudaBackend::dot(RawView x, RawView y, c128* result, Stream& stream) {
  Dims<2> rows, terms;
  rows_of_batch<2>(rows, terms, x, y);
  const Results<c128> sums(x.extent[0], stream);
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    Dot<T> f;
    f.x = data<const T>(x);
    f.y = data<const T>(y);
    f.result = sums.as<Complex<double>>();
    fold(rows, terms, stream, f);
  });
  sums.read(result);
  stream.wait();
}

// result[k] = sum |x[k, i]|^2
void CudaBackend::norm2(RawView x, double* result, Stream& stream) {
  Dims<1> rows, terms;
  rows_of_batch<1>(rows, terms, x);
  const Results<double> sums(x.extent[0], stream);
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    Norm2<T> f;
    f.x = data<const T>(x);
    f.result = sums.as<double>();
    fold(rows, terms, stream, f);
  });
  sums.read(result);
  stream.wait();
}

}  // namespace lunops
