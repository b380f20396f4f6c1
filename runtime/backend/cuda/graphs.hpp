// SPDX-License-Identifier: MIT
// Host-only.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "runtime/backend/cuda/streams.hpp"

namespace lunops::cuda {

// Captures of CUDA graphs.
//
// A device has one compute stream, which all threads of the host share, so that is never captured:
// what other threads issue would go into the graph.  The thread that captures issues to a stream of
// its own meanwhile, which stands for the compute stream wherever this thread asks for that
// (stream_for_work).  The capture is thread-local, so calls of other threads are as free as ever.
//
// What a graph cannot hold is refused before the driver is asked (refuse_while_capturing of
// runtime/device/graph.hpp), and by the driver if somebody forgot to.  Scratch is memory that the
// graph itself takes and gives back, at one address in all its launches.

// Where this thread's work for `s` goes.
cudaStream_t stream_for_work(const GpuStream& s);

// As DeviceModule says of its functions of these names.
void begin_capture(void* stream);
void* end_capture(void* stream, size_t* kernels);
void abandon_capture(void* stream) noexcept;
void launch_graph(void* graph, void* stream);
void release_graph(void* graph) noexcept;

}  // namespace lunops::cuda
