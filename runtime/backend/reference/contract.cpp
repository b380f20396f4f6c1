// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

// y[i] = alpha * sum_j a[i, j] b[i, j] + beta * y[i]: j runs over the last `reduced` dims.
void ReferenceBackend::contract(RawView a,
                                bool conjugate_a,
                                RawView b,
                                bool conjugate_b,
                                int reduced,
                                Scale s,
                                RawView y,
                                SumOrder,
                                Stream&) {
  const int kept = y.ndim - reduced;
  Index index{};
  for_each_index(y, 0, kept, index, [&](Index& i) {
    c128 sum = 0.0;
    for_each_index(y, kept, y.ndim, i, [&](const Index& j) {
      sum += conj_if(conjugate_a, read(a, offset(a, j)).z) *
             conj_if(conjugate_b, read(b, offset(b, j)).z);
    });
    store(y, offset(y, i), sum, s);
  });
}

}  // namespace lunops
