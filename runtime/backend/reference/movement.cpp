// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

void ReferenceBackend::fill(c128 value, RawView y, Stream&) {
  for_each_index(y, [&](const Index& i) { write(y, offset(y, i), value); });
}

// y[i] = x[i] or its conjugate, converted to the dtype of y.
void ReferenceBackend::copy(RawView x, bool conjugate, RawView y, Stream&) {
  for_each_index(y, [&](const Index& i) {
    Value value = read(x, offset(x, i));
    if (conjugate) value.z = std::conj(value.z);
    write(y, offset(y, i), value);
  });
}

// y[i] = alpha * x[i] + beta * y[i], with conj(x[i]) if `conjugate`.
void ReferenceBackend::axpby(RawView x, bool conjugate, Scale s, RawView y, Stream&) {
  for_each_index(y, [&](const Index& i) {
    store(y, offset(y, i), conj_if(conjugate, read(x, offset(x, i)).z), s);
  });
}

}  // namespace lunops
