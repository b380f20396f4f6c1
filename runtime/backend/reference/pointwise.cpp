// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

// y[i] = alpha * sum_t scale_t * prod_k w_tk[i] * x[i] + beta * y[i], weights and x conjugated
// where the term says so.
void ReferenceBackend::pointwise(const PointwiseSpec& spec,
                                 const RawView* weights,
                                 int,
                                 RawView x,
                                 Scale s,
                                 RawView y,
                                 Stream&) {
  for_each_index(y, [&](const Index& i) {
    c128 sum = 0.0;
    for (int t = 0; t < spec.count; ++t) {
      const PointwiseSpec::Term& term = spec.terms[static_cast<size_t>(t)];
      c128 product = conj_if(term.conjugate, read(x, offset(x, i)).z);
      for (size_t k = 0; k < static_cast<size_t>(term.count); ++k) {
        const RawView& w = weights[term.weight[k]];
        product *= conj_if(term.conjugate_weight[k], read(w, offset(w, i)).z);
      }
      sum += term.scale * product;
    }
    store(y, offset(y, i), sum, s);
  });
}

}  // namespace lunops
