// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/value.cuh"

namespace lunops {

using namespace cuda;

namespace {

template <class W, class T>
struct Multiply {
  const W* w;
  const T* x;
  T* y;
  bool conjugate;
  Scaling<T> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const W weight = conj_if(conjugate, w[at[0]]);
    if constexpr (is_complex_v<T> && !is_complex_v<W>) {
      const T from = x[at[1]];
      scale.store(y[at[2]], T(weight * from.real(), weight * from.imag()));
    } else {
      scale.store(y[at[2]], times(weight, x[at[1]]));
    }
  }
};

// Operands of other dtypes than the usual ones.
struct MultiplyMixed {
  Memory w, x, y;
  bool conjugate;
  Scaling<Complex<double>> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    Complex<double> z = y.read(at[2]).z;
    scale.store(z, times(conj_if(conjugate, w.read(at[0]).z), x.read(at[1]).z));
    y.write(at[2], Value(z));
  }
};

}  // namespace

// y[i] = alpha * w[i] * x[i] + beta * y[i], with conj(w[i]) if `conjugate`.
void CudaBackend::multiply(
    RawView w, RawView x, bool conjugate, Scale s, RawView y, Stream& stream) {
  const auto dims = merge_dims(w, x, y);
  const bool has_complex_scale = s.alpha.imag() != 0 || s.beta.imag() != 0;
  const bool is_usual = x.dtype == y.dtype && is_floating(y.dtype) &&
                        (is_complex(y.dtype) || !has_complex_scale) &&
                        (w.dtype == y.dtype || w.dtype == real_of(y.dtype));
  if (!is_usual) {
    for_each(dims, stream,
             MultiplyMixed{memory_of(w), memory_of(x), memory_of(y), conjugate,
                           scaling<Complex<double>>(s)});
    return;
  }
  dispatch_floating(y.dtype, [&]<class H>() {
    using T = device_t<H>;
    const auto issue = [&]<class W>() {
      for_each(
          dims, stream,
          Multiply<W, T>{data<const W>(w), data<const T>(x), data<T>(y), conjugate, scaling<T>(s)});
    };
    if constexpr (is_complex_v<T>) {
      if (w.dtype != y.dtype) {
        issue.template operator()<typename T::value_type>();
        return;
      }
    }
    issue.template operator()<T>();
  });
}

}  // namespace lunops
