// SPDX-License-Identifier: MIT
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/element.cuh"
#include "runtime/backend/cuda/launch.cuh"
#include "runtime/backend/cuda/value.cuh"

namespace lunops {

using namespace cuda;

namespace {

constexpr int kWeights = PointwiseSpec::kMostWeights;

// The terms of a PointwiseSpec in types of device code; operands are the weights, x, y.
struct Pointwise {
  struct Term {
    Complex<double> scale;
    bool conjugate;
    int count;
    int weight[PointwiseSpec::kMostFactors];
    bool conjugate_weight[PointwiseSpec::kMostFactors];
  };
  Term terms[PointwiseSpec::kMostTerms];
  int count;
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
  Pointwise f{};
  f.count = spec.count;
  for (int t = 0; t < spec.count; ++t) {
    const PointwiseSpec::Term& from = spec.terms[static_cast<size_t>(t)];
    Pointwise::Term& term = f.terms[t];
    term.scale = {from.scale.real(), from.scale.imag()};
    term.conjugate = from.conjugate;
    term.count = from.count;
    for (size_t k = 0; k < static_cast<size_t>(from.count); ++k) {
      term.weight[k] = from.weight[k];
      term.conjugate_weight[k] = from.conjugate_weight[k];
    }
  }
  f.x = memory_of(x);
  f.y = memory_of(y);
  f.scale = scaling<Complex<double>>(s);
  // Weights that the call lacks are x, and never read.
  std::array<const RawView*, kWeights + 2> views;
  views.fill(&x);
  for (int k = 0; k < count; ++k) {
    views[static_cast<size_t>(k)] = &weights[k];
    f.weights[k] = memory_of(weights[k]);
  }
  views.back() = &y;
  for_each(dims_of<kWeights + 2>(views, [](int) { return true; }), stream, f);
}

}  // namespace lunops
