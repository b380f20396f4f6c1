// SPDX-License-Identifier: MIT
#include <cstring>

#include "runtime/backend/cuda/blas.hpp"
#include "runtime/backend/cuda/cuda_backend.hpp"
#include "runtime/backend/cuda/device.hpp"
#include "runtime/backend/cuda/graphs.hpp"
#include "runtime/backend/cuda/streams.hpp"
#include "runtime/device/device_module.hpp"

namespace {

using namespace lunops;

constexpr DeviceModule kModule{.devices = cuda::count_gpus,
                               .backend = cuda::backend_of,
                               .allocate = cuda::allocate,
                               .release = cuda::release,
                               .free_bytes = cuda::free_bytes,
                               .rates = cuda::rates,
                               .make_stream = cuda::make_stream,
                               .make_event = cuda::make_event,
                               .make_timed_event = cuda::make_timed_event,
                               .record = cuda::record,
                               .wait = cuda::wait,
                               .synchronize = cuda::synchronize,
                               .synchronize_stream = cuda::synchronize_stream,
                               .milliseconds = cuda::milliseconds,
                               .clock = cuda::physical,
                               .copy = cuda::copy,
                               .pin = cuda::pin,
                               .unpin = cuda::unpin,
                               .prepare_contraction = cuda::prepare_contraction,
                               .begin_capture = cuda::begin_capture,
                               .end_capture = cuda::end_capture,
                               .abandon_capture = cuda::abandon_capture,
                               .launch_graph = cuda::launch_graph,
                               .release_graph = cuda::release_graph};

}  // namespace

extern "C" __attribute__((visibility("default"))) const void* lunops_module(const char* build_id) {
  return std::strcmp(build_id, LUNOPS_BUILD_ID) == 0 ? &kModule : nullptr;
}
