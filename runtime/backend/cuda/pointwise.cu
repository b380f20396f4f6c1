// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/value.cuh"

namespace lunops {

using namespace cuda;

namespace {

constexpr int kWeights = PointwiseSpec::kMostWeights;

// A PointwiseSpec in types of device code.
struct Terms {
  struct Term {
    Complex<double> scale;
    bool conjugate;
    int count;
    int weight[PointwiseSpec::kMostFactors];
    bool conjugate_weight[PointwiseSpec::kMostFactors];
  };
  Term terms[PointwiseSpec::kMostTerms];
  int count;
};

// x and y of one floating dtype, weights of that or of its real one.  Operands are the weights, x,
// y; in double, like the other one.
template <class T>
struct EqualPointwise : Terms {
  using W = wide_t<T>;
  const void* weights[kWeights];
  bool is_real[kWeights];
  const T* x;
  T* y;
  Scaling<W> scale;

  __device__ W weight_at(int number, int64_t at) const {
    if (is_real[number]) return converted<W>(static_cast<const real_t<T>*>(weights[number])[at]);
    return converted<W>(static_cast<const T*>(weights[number])[at]);
  }
  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const W from = wide(x[at[kWeights]]);
    W sum(0);
    for (int t = 0; t < count; ++t) {
      const Term& term = terms[t];
      W product = conj_if(term.conjugate, from);
      for (int k = 0; k < term.count; ++k) {
        const int w = term.weight[k];
        product = times(product, conj_if(term.conjugate_weight[k], weight_at(w, at[w])));
      }
      sum += times(converted<W>(term.scale), product);
    }
    scale.store(y[at[kWeights + 1]], sum);
  }
};

// Mixed dtypes.
struct Pointwise : Terms {
  Memory weights[kWeights];
  Memory x, y;
  Scaling<Complex<double>> scale;

  template <class A, class I>
  __device__ void operator()(const A& at, I) const {
    const Complex<double> from = x.read(at[kWeights]).z;
    Complex<double> sum(0.0, 0.0);
    for (int t = 0; t < count; ++t) {
      const Term& term = terms[t];
      Complex<double> product = conj_if(term.conjugate, from);
      for (int k = 0; k < term.count; ++k) {
        const int w = term.weight[k];
        product = times(product, conj_if(term.conjugate_weight[k], weights[w].read(at[w]).z));
      }
      sum += times(term.scale, product);
    }
    Complex<double> z = scale.has_beta ? y.read(at[kWeights + 1]).z : Complex<double>(0.0, 0.0);
    scale.store(z, sum);
    y.write(at[kWeights + 1], Value(z));
  }
};

}  // namespace

// y[i] = alpha * sum_t scale_t * prod_k w_tk[i] * x[i] + beta * y[i], weights and x conjugated
// where the term says so.
void CudaBackend::pointwise(const PointwiseSpec& spec,
                            const RawView* weights,
                            int count,
                            RawView x,
                            Scale s,
                            RawView y,
                            Stream& stream) {
  Terms terms{};
  terms.count = spec.count;
  for (int t = 0; t < spec.count; ++t) {
    const PointwiseSpec::Term& from = spec.terms[static_cast<size_t>(t)];
    Terms::Term& term = terms.terms[t];
    term.scale = {from.scale.real(), from.scale.imag()};
    term.conjugate = from.conjugate;
    term.count = from.count;
    for (size_t k = 0; k < static_cast<size_t>(from.count); ++k) {
      term.weight[k] = from.weight[k];
      term.conjugate_weight[k] = from.conjugate_weight[k];
    }
  }
  // Weights that the call lacks are x, and never read.
  std::array<const RawView*, kWeights + 2> views;
  views.fill(&x);
  bool are_equal = x.dtype == y.dtype && is_floating(y.dtype);
  for (int k = 0; k < count; ++k) {
    const DType dtype = weights[k].dtype;
    views[static_cast<size_t>(k)] = &weights[k];
    are_equal = are_equal && (dtype == y.dtype || dtype == real_of(y.dtype));
  }
  views.back() = &y;
  const auto dims = dims_of<kWeights + 2>(views, [](int) { return true; });
  if (!are_equal) {
    Pointwise f{};
    static_cast<Terms&>(f) = terms;
    for (int k = 0; k < count; ++k) f.weights[k] = memory_of(weights[k]);
    f.x = memory_of(x);
    f.y = memory_of(y);
    f.scale = scaling<Complex<double>>(s);
    for_each(dims, stream, f);
    return;
  }
  dispatch_floating(y.dtype, [&]<class H>() {
    using T = device_t<H>;
    EqualPointwise<T> f{};
    static_cast<Terms&>(f) = terms;
    for (int k = 0; k < count; ++k) {
      f.weights[k] = weights[k].data;
      f.is_real[k] = !is_complex(weights[k].dtype);
    }
    f.x = data<const T>(x);
    f.y = data<T>(y);
    f.scale = scaling<wide_t<T>>(s);
    for_each(dims, stream, f);
  });
}

}  // namespace lunops
