// SPDX-License-Identifier: MIT
#include "runtime/backend/reference/element.hpp"
#include "runtime/backend/reference/reference_backend.hpp"

namespace lunops {

using namespace reference;

namespace {

int64_t at(const RawView& v, int64_t k, int64_t i) { return k * v.stride[0] + i * v.stride[1]; }

}  // namespace

// x += alpha p; r -= alpha q; result[k] = |r|^2
void ReferenceBackend::cg_update(
    const c128* alpha, RawView p, RawView q, RawView x, RawView r, double* result, Stream&) {
  for (int64_t k = 0; k < x.extent[0]; ++k) {
    result[k] = 0.0;
    for (int64_t i = 0; i < x.extent[1]; ++i) {
      store(x, at(x, k, i), read(p, at(p, k, i)).z, {alpha[k], 1.0});
      store(r, at(r, k, i), read(q, at(q, k, i)).z, {-alpha[k], 1.0});
      result[k] += std::norm(read(r, at(r, k, i)).z);
    }
  }
}

// p = z + beta p
void ReferenceBackend::cg_direction(const c128* beta, RawView z, RawView p, Stream&) {
  for (int64_t k = 0; k < p.extent[0]; ++k) {
    for (int64_t i = 0; i < p.extent[1]; ++i) {
      store(p, at(p, k, i), read(z, at(z, k, i)).z, {1.0, beta[k]});
    }
  }
}

// delta[k] = <p, q>, pp[k] = |p|^2, qq[k] = |q|^2
void ReferenceBackend::cg_products(
    RawView p, RawView q, c128* delta, double* pp, double* qq, Stream& stream) {
  dot(p, q, delta, stream);
  norm2(p, pp, stream);
  norm2(q, qq, stream);
}

}  // namespace lunops
