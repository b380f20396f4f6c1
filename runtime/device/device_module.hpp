// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "runtime/device/gpu_rates.hpp"

namespace lunops {

class Backend;
class Stream;
struct RawView;

// What liblunops-cuda.so exports through lunops_module: the memory, the streams and the kernels of
// its devices.  `device` is the number after "cuda:"; -1 is the host, virtual devices among it.
// Functions throw lunops::Error unless they are noexcept.
struct DeviceModule {
  int (*devices)();
  Backend& (*backend)(int device);
  void* (*allocate)(int device, size_t bytes);  // null if it does not fit
  void (*release)(int device, void* data) noexcept;
  size_t (*free_bytes)(int device);
  GpuRates (*rates)(int device);

  // Work given to a native stream returns at once and runs in the order in which it was given.
  // Streams and events are kept for the process (runtime/device/native.hpp).
  void* (*make_stream)(int source, int target);  // for copies; source == target: for compute
  void* (*make_event)(int device);
  void* (*make_timed_event)(int device);  // one whose time `milliseconds` tells
  void (*record)(void* event, void* stream);
  void (*wait)(void* stream, void* event);  // further work of the stream comes after the event
  void (*synchronize)(void* event);         // the calling thread waits; throws what work ended with
  void (*synchronize_stream)(void* stream);
  // From one timed event to another, both of which have happened, of devices with one clock.
  double (*milliseconds)(void* from, void* to);
  int (*clock)(int device);  // devices that share a clock have one number
  // y <- x, contiguous.  Memory of the host stays as it is, and alive, until this work is done.
  // `is_ready`: the host's x is written already and the caller will wait for the copy, so that this
  // call may.  Otherwise work that the stream waits for may write it yet.
  void (*copy)(
      void* stream, int source, const void* x, int target, void* y, size_t bytes, bool is_ready);
  // Locks memory of the host in its place, so that it is copied without staging; false: somebody
  // else did so before.
  bool (*pin)(void* host, size_t bytes);
  void (*unpin)(void* host) noexcept;
  // A plan will do Backend::contract with such views, whose data do not matter, in any order of
  // sums: what libraries need for that is set up now.
  void (*prepare_contraction)(
      const RawView& a, const RawView& b, int reduced, const RawView& y, const Stream& stream);

  // CUDA graphs.  From begin_capture on, what this thread issues to a compute stream is kept and
  // not run; work of other threads goes there as before.  end_capture gives the graph, and how many
  // kernels it has.  What a graph cannot hold is an error where it is asked for; then as after any
  // other, abandon_capture ends the capture.
  void (*begin_capture)(void* stream);
  void* (*end_capture)(void* stream, size_t* kernels);
  void (*abandon_capture)(void* stream) noexcept;
  void (*launch_graph)(void* graph, void* stream);
  void (*release_graph)(void* graph) noexcept;  // launches that are under way go on
};

}  // namespace lunops
