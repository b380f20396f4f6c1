// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

// y[i] = alpha * w[i] * x[i] + beta * y[i], with conj(w[i]) if `conjugate`.
void ReferenceBackend::multiply(RawView w, RawView x, bool conjugate, Scale s, RawView y, Stream&) {
  for_each_index(y, [&](const Index& i) {
    store(y, offset(y, i), conj_if(conjugate, read(w, offset(w, i)).z) * read(x, offset(x, i)).z,
          s);
  });
}

}  // namespace lunops
