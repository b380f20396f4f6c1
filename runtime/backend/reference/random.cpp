// SPDX-License-Identifier: MIT
#include "runtime/backend/random.hpp"

#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

// Element i of y, in row-major order, is number `first` + i of the seed's sequence.
void ReferenceBackend::random(bool normal, uint64_t seed, int64_t first, RawView y, Stream&) {
  auto number = static_cast<uint64_t>(first);
  for_each_index(y, [&](const Index& i) {
    c128 z = normal ? random_normal(seed, number) : random_uniform(seed, number);
    ++number;
    // A complex normal number has variance 1 in all, so 1/2 in each part.
    if (normal && is_complex(y.dtype)) z *= std::numbers::sqrt2 / 2;
    if (!normal && !is_double(y.dtype)) z = {round_down(z.real()), round_down(z.imag())};
    write(y, offset(y, i), z);
  });
}

}  // namespace lunops
