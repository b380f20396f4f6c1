// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"

namespace lunops {

using namespace cuda;

namespace {

// One thread per row: sums go in the order of the entries.  Operands are y, the number of the row
// (as an operand with strides), and x without its last dim.
template <class W, class T>
struct Sparse {
  SparseRows a;
  const W* value;
  bool conjugate;
  const T* x;
  int64_t x_step;
  T* y;
  Scaling<wide_t<T>> scale;
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const int64_t row = at[1];
    const int64_t begin = a.first == nullptr ? row : a.first[row];
    const int64_t end = a.first == nullptr ? row + 1 : a.first[row + 1];
    wide_t<T> sum(0);
    for (int64_t k = begin; k < end; ++k) {
      const wide_t<T> from = wide(x[at[2] + a.column[k] * x_step]);
      if (value == nullptr) {
        sum += from;
      } else {
        sum += times(converted<wide_t<T>>(conj_if(conjugate, value[k])), from);
      }
    }
    scale.store(y[at[0]], sum);
  }
};

}  // namespace

// y[…, g, r] = alpha * sum_k value[k] x[…, g, column[k]] + beta * y[…, g, r], k over the entries of
// row r of group g; with conj(value[k]) if `conjugate`.
void CudaBackend::sparse(
    const SparseRows& a, bool conjugate, RawView x, Scale s, RawView y, Stream& stream) {
  const auto last = static_cast<size_t>(y.ndim - 1);
  RawView row = y, from = y;
  for (size_t d = 0; d < last + 1; ++d) {
    row.stride[d] = d == last ? 1 : d + 1 == last ? a.rows : 0;
    from.stride[d] = d == last ? 0 : x.stride[d];
  }
  const auto dims = merge_dims(y, row, from);
  dispatch_floating(y.dtype, [&]<class H>() {
    using T = device_t<H>;
    const auto issue = [&]<class W>() {
      for_each(dims, stream,
               Sparse<W, T>{a, static_cast<const W*>(a.value), conjugate, data<const T>(x),
                            x.stride[last], data<T>(y), scaling<wide_t<T>>(s)});
    };
    if constexpr (is_complex_v<T>) {
      if (!is_complex(a.dtype)) {
        issue.template operator()<typename T::value_type>();
        return;
      }
    }
    issue.template operator()<T>();
  });
}

}  // namespace lunops
