// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

// y[…, g, r] = alpha * sum_k value[k] x[…, g, column[k]] + beta * y[…, g, r], k over the entries of
// row r of group g; with conj(value[k]) if `conjugate`.
void ReferenceBackend::sparse(
    const SparseRows& a, bool conjugate, RawView x, Scale s, RawView y, Stream&) {
  RawView value;
  value.data = const_cast<void*>(a.value);
  value.dtype = a.dtype;
  const auto last = static_cast<size_t>(y.ndim - 1);
  for_each_index(y, [&](const Index& i) {
    const int64_t row = i[last - 1] * a.rows + i[last];
    const int64_t begin = a.first == nullptr ? row : a.first[row];
    const int64_t end = a.first == nullptr ? row + 1 : a.first[row + 1];
    c128 sum = 0.0;
    Index from = i;
    for (int64_t k = begin; k < end; ++k) {
      from[last] = a.column[k];
      const c128 weight = a.value == nullptr ? c128(1.0) : conj_if(conjugate, read(value, k).z);
      sum += weight * read(x, offset(x, from)).z;
    }
    store(y, offset(y, i), sum, s);
  });
}

}  // namespace lunops
