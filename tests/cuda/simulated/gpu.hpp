// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

// GPUs that are none: their memory, streams and events, behind the functions of the CUDA runtime.
//
// Work that is issued waits in its stream until the host asks for it, and then only what it asked
// for runs: the stream up to there, and other streams as far as events say.  So work that lacks a
// wait for other work finds that undone, each time.  Memory of a device can be touched by work
// alone: the host that does is stopped with a message.  It holds NaN when it is allocated and after
// it is released.
//
// LUNOPS_SIMULATED_GPUS is their number, 1 if absent; LUNOPS_SIMULATED_MEMORY the bytes of each, 1
// GiB if absent.
namespace lunops::simulated {

using Work = std::function<void()>;

int count();
int current_device();
bool set_device(int device);

void* allocate(size_t bytes);  // on the current device; null where it does not fit
void release(void* data);
bool is_device_memory(const void* data);
bool is_host_memory(const void* data);  // that is mapped and not pinned
int device_of(const void* data);
size_t free_bytes();
size_t total_bytes();
void set_total(size_t bytes);  // of each device from now on; no block is taken back

void pin(void* data, size_t bytes);
void unpin(void* data);
bool is_pinned(const void* data);

cudaStream_t make_stream();
cudaEvent_t make_event(bool is_timed = false);
// To a stream, or to the graph that it records.  Work on the default stream is an error.
void issue(cudaStream_t stream, Work work);
void record(cudaEvent_t event, cudaStream_t stream);
void wait(cudaStream_t stream, cudaEvent_t event);
void synchronize(cudaStream_t stream);
void synchronize(cudaEvent_t event);
void synchronize_all();
bool is_done(cudaEvent_t event);  // runs nothing
int64_t waits();                  // of the host so far, for work that was not done
int64_t launches();               // pieces of work given to streams so far; of a graph one
// Between two timed events of one device that have happened, by the clock of the host when they
// did.
cudaError_t elapsed(cudaEvent_t begin, cudaEvent_t end, double* seconds);

// What the next call that is checked returns, once.
void fail(cudaError_t status);
cudaError_t last_error(bool is_taken);
// False, with an error, for a launch that a GPU would refuse, and for an argument of a kernel that
// has a pointer to memory of the host in it.
bool may_launch(const void* kernel, int64_t blocks, int threads, size_t shared);
bool may_get(const void* argument, size_t bytes);
void allow_shared(const void* kernel, size_t bytes);

int64_t host_functions();  // launched so far
int64_t blas_handles();    // that cuBLAS made so far

// Graphs, which do their work in the order in which it was issued.
//
// As strict as the driver: what a capture cannot hold is an error, and spoils it to its end.
//
// Captures are those of one thread (cudaStreamCaptureModeThreadLocal).
struct Graph;
bool begin_capture(cudaStream_t stream);
std::shared_ptr<Graph> end_capture(cudaStream_t stream);  // null, with an error: it was spoilt
bool is_capturing(cudaStream_t stream);
void launch_graph(const std::shared_ptr<Graph>& graph, cudaStream_t stream);
// By piece of work: kernel, memory taken or given back; copies are told for kernels here.
const std::vector<cudaGraphNodeType>& types_of(const Graph& graph);
// False, with an error: this thread captures, and may not call what would be waited for.
bool may_disturb();
// False, with an error: the stream captures, and no graph can hold this.
bool may_hold(cudaStream_t stream);
// Memory that each launch of a graph takes and gives back, at one address; null where it does not
// fit.
void* allocate_in_graph(size_t bytes, cudaStream_t stream);
void release_in_graph(void* data, cudaStream_t stream);

}  // namespace lunops::simulated
