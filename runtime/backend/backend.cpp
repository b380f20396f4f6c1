// SPDX-License-Identifier: MIT
#include "runtime/backend/backend.hpp"

#include <cstring>

namespace lunops {

void Backend::cg_scalars(const CgScalars& scalars, CgScalars::Stage stage, Stream&) {
  for (int64_t k = 0; k < scalars.count; ++k) scalars.advance(stage, k);
}

void Backend::fetch(const void* from, void* to, size_t bytes, Stream&) {
  if (bytes != 0) std::memcpy(to, from, bytes);
}

}  // namespace lunops
