// SPDX-License-Identifier: MIT
#include "runtime/backend/backend.hpp"

#include <cstring>

#include "runtime/plan/nufft/cost.hpp"
#include "runtime/plan/nufft/parameters.hpp"

namespace lunops {

void Backend::cg_scalars(const CgScalars& scalars, CgScalars::Stage stage, Stream&) {
  for (int64_t k = 0; k < scalars.count; ++k) scalars.advance(stage, k);
}

void Backend::fetch(const void* from, void* to, size_t bytes, Stream&) {
  if (bytes != 0) std::memcpy(to, from, bytes);
}

NufftCost Backend::gridding_cost(const NufftSpec& spec, int64_t batch, bool is_adjoint) const {
  return nufft::gridding(spec, nufft::choose(spec), batch, is_adjoint);
}

NufftCost Backend::toeplitz_cost(const ToeplitzSpec& spec, int64_t batch, bool) const {
  return nufft::toeplitz(spec, batch);
}

}  // namespace lunops
