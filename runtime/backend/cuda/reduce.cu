// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/fold.cuh"
#include "runtime/backend/cuda/value.cuh"
#include "runtime/tensor/tensor.hpp"

namespace lunops {

using namespace cuda;

namespace {

template <class T>
struct Sum : Adding<wide_t<T>> {
  using Acc = wide_t<T>;
  const T* x;
  T* y;
  Scaling<Acc> scale;
  template <class A, class I>
  __device__ Acc term(const A& at, I) const {
    return wide(x[at[0]]);
  }
  template <class A, class I>
  __device__ void finish(const Acc& sum, const A& at, I) const {
    scale.store(y[at[1]], sum);
  }
};

struct Total {
  Complex<double> z;
  int64_t i = 0, count = 0;
  __device__ Total() : z(0.0, 0.0) {}
};

template <Reduction op, bool integers>
struct Reduce {
  using Acc = Total;
  Memory x, y;

  template <class A, class I>
  __device__ Acc term(const A& at, I) const {
    const Value value = x.read(at[0]);
    Total t;
    t.z = op == Reduction::norm ? Complex<double>(norm_of(value.z), 0.0) : value.z;
    if (op == Reduction::any || op == Reduction::all) {
      t.z = Complex<double>(value.is_zero() ? 0.0 : 1.0, 0.0);
    }
    t.i = value.i;
    t.count = 1;
    return t;
  }

  static __device__ void add(Total& sum, const Total& x) {
    if (x.count == 0) return;
    if (sum.count == 0) {
      sum = x;
      return;
    }
    sum.count += x.count;
    if constexpr (op == Reduction::min || op == Reduction::max) {
      constexpr bool less = op == Reduction::min;
      const double a = sum.z.real(), b = x.z.real();
      const bool wins = integers ? (less ? x.i < sum.i : x.i > sum.i) : (less ? b < a : b > a);
      // NaN wins and stays.
      if (a == a && (wins || b != b)) {
        sum.z = x.z;
        sum.i = x.i;
      }
    } else if constexpr (op == Reduction::any) {
      if (x.z.real() != 0.0) sum.z = x.z;
    } else if constexpr (op == Reduction::all) {
      if (x.z.real() == 0.0) sum.z = x.z;
    } else {
      sum.z += x.z;
      sum.i = static_cast<int64_t>(static_cast<uint64_t>(sum.i) + static_cast<uint64_t>(x.i));
    }
  }

  template <class A, class I>
  __device__ void finish(const Total& sum, const A& at, I) const {
    if constexpr (op == Reduction::mean) {
      const auto n = static_cast<double>(sum.count);
      y.write(at[1], Value(Complex<double>(sum.z.real() / n, sum.z.imag() / n)));
    } else if constexpr (op == Reduction::norm) {
      y.write(at[1], Value(sqrt(sum.z.real())));
    } else if constexpr (op == Reduction::all) {
      y.write(at[1], Value(sum.count == 0 ? 1.0 : sum.z.real()));
    } else if constexpr (op == Reduction::any) {
      y.write(at[1], Value(sum.z.real()));
    } else {
      y.write(at[1], integers ? Value(sum.i) : Value(sum.z));
    }
  }
};

// Dims in which y has stride 0 are summed.
void divided(const RawView& x, const RawView& y, Dims<2>& rows, Dims<2>& terms) {
  const auto is_summed = [&](int d) { return y.stride[static_cast<size_t>(d)] == 0; };
  rows = dims_of<2>({&x, &y}, [&](int d) { return !is_summed(d); });
  terms = dims_of<2>({&x, &y}, is_summed);
}

}  // namespace

// y[k] = alpha * the sum of the elements of x that share k + beta * y[k]
void CudaBackend::sum(RawView x, Scale s, RawView y, SumOrder, Stream& stream) {
  Dims<2> rows, terms;
  divided(x, y, rows, terms);
  dispatch_floating(x.dtype, [&]<class H>() {
    using T = device_t<H>;
    Sum<T> f;
    f.x = data<const T>(x);
    f.y = data<T>(y);
    f.scale = scaling<wide_t<T>>(s);
    fold(rows, terms, stream, f);
  });
}

// y[k] = op over the elements of x that share k.
void CudaBackend::reduce(Reduction op, RawView x, RawView y, Stream& stream) {
  Dims<2> rows, terms;
  divided(x, y, rows, terms);
  if (is_floating(x.dtype) && x.dtype == y.dtype &&
      (op == Reduction::sum || op == Reduction::mean)) {
    const bool is_mean = op == Reduction::mean;
    const double part = is_mean ? 1.0 / static_cast<double>(terms.count) : 1.0;
    return sum(x, {part, 0.0}, y, SumOrder::fastest, stream);
  }
  const auto issue = [&]<Reduction kOp>() {
    if (is_floating(x.dtype)) {
      fold(rows, terms, stream, Reduce<kOp, false>{memory_of(x), memory_of(y)});
    } else {
      fold(rows, terms, stream, Reduce<kOp, true>{memory_of(x), memory_of(y)});
    }
  };
  switch (op) {
    case Reduction::sum:
      return issue.template operator()<Reduction::sum>();
    case Reduction::mean:
      return issue.template operator()<Reduction::mean>();
    case Reduction::norm:
      return issue.template operator()<Reduction::norm>();
    case Reduction::min:
      return issue.template operator()<Reduction::min>();
    case Reduction::max:
      return issue.template operator()<Reduction::max>();
    case Reduction::any:
      return issue.template operator()<Reduction::any>();
    case Reduction::all:
      return issue.template operator()<Reduction::all>();
  }
}

}  // namespace lunops
