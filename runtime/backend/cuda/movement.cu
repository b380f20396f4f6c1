// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/value.cuh"

namespace lunops {

using namespace cuda;

namespace {

struct Fill {
  Memory y;
  Complex<double> value;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    y.write(at[0], Value(value));
  }
};

template <class T>
struct FillWith {
  T* y;
  T value;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    y[at[0]] = value;
  }
};

struct Convert {
  Memory x, y;
  bool conjugate;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    Value value = x.read(at[0]);
    if (conjugate) value.z = conj_if(true, value.z);
    y.write(at[1], value);
  }
};

template <class T>
struct Copy {
  const T* x;
  T* y;
  bool conjugate;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    y[at[1]] = conj_if(conjugate, x[at[0]]);
  }
};

template <class T>
struct Axpby {
  const T* x;
  T* y;
  bool conjugate;
  Scaling<T> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    scale.store(y[at[1]], conj_if(conjugate, x[at[0]]));
  }
};

struct AxpbyMixed {
  Memory x, y;
  bool conjugate;
  Scaling<Complex<double>> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    Complex<double> z = y.read(at[1]).z;
    scale.store(z, conj_if(conjugate, x.read(at[0]).z));
    y.write(at[1], Value(z));
  }
};

}  // namespace

void CudaBackend::fill(c128 value, RawView y, Stream& stream) {
  if (is_floating(y.dtype)) {
    dispatch_floating(y.dtype, [&]<class H>() {
      using T = device_t<H>;
      for_each(merge_dims(y), stream, FillWith<T>{data<T>(y), scaling<T>({value, 0.0}).alpha});
    });
    return;
  }
  for_each(merge_dims(y), stream, Fill{memory_of(y), {value.real(), value.imag()}});
}

void CudaBackend::copy(RawView x, bool conjugate, RawView y, Stream& stream) {
  const auto dims = merge_dims(x, y);
  if (x.dtype != y.dtype) {
    for_each(dims, stream, Convert{memory_of(x), memory_of(y), conjugate});
    return;
  }
  dispatch(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    for_each(dims, stream, Copy<T>{data<const T>(x), data<T>(y), conjugate});
  });
}

// y[i] = alpha * x[i] + beta * y[i], with conj(x[i]) if `conjugate`.
void CudaBackend::axpby(RawView x, bool conjugate, Scale s, RawView y, Stream& stream) {
  const auto dims = merge_dims(x, y);
  const bool is_mixed = x.dtype != y.dtype || !is_floating(x.dtype) ||
                        (!is_complex(x.dtype) && (s.alpha.imag() != 0 || s.beta.imag() != 0));
  if (is_mixed) {
    for_each(dims, stream,
             AxpbyMixed{memory_of(x), memory_of(y), conjugate, scaling<Complex<double>>(s)});
    return;
  }
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    for_each(dims, stream, Axpby<T>{data<const T>(x), data<T>(y), conjugate, scaling<T>(s)});
  });
}

}  // namespace lunops
