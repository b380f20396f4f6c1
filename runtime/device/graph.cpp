// SPDX-License-Identifier: MIT
#include "runtime/device/graph.hpp"

#include <cstdlib>

#include "runtime/core/error.hpp"
#include "runtime/device/issued_work.hpp"
#include "runtime/device/native.hpp"

namespace lunops {

namespace {

thread_local bool captures = false;

struct Capturing {
  Capturing() { captures = true; }
  ~Capturing() { captures = false; }
  Capturing(const Capturing&) = delete;
};

}  // namespace

Graph::Graph(Device gpu, const std::function<void()>& work) : device_(gpu) {
  refuse_while_capturing("another graph");
  const NativeStream& stream = NativeStream::compute(gpu);
  const DeviceModule& module = stream.module();
  const Capturing here;
  const KeptNotes notes(operations_);
  try {
    module.begin_capture(stream.handle());
    work();
    handle_ = module.end_capture(stream.handle(), &kernels_);
  } catch (...) {
    module.abandon_capture(stream.handle());
    throw;
  }
}

Graph::~Graph() { NativeStream::compute(device_).module().release_graph(handle_); }

void Graph::launch() const {
  const NativeStream& stream = NativeStream::compute(device_);
  for (const std::string& operation : operations_) note_issued(device_, operation);
  stream.module().launch_graph(handle_, stream.handle());
}

bool is_capturing() noexcept { return captures; }

void refuse_while_capturing(std::string_view what) {
  if (!captures) return;
  fail(Code::unsupported, "graph", "{} cannot be part of a CUDA graph", what);
}

GraphUse graph_use() {
  const char* text = std::getenv("LUNOPS_CUDA_GRAPHS");
  const std::string_view value = text == nullptr ? "" : text;
  if (value != "" && value != "0" && value != "1") {
    fail(Code::argument, "graph",
         "LUNOPS_CUDA_GRAPHS={} is no switch; write LUNOPS_CUDA_GRAPHS=0 or LUNOPS_CUDA_GRAPHS=1",
         value);
  }
  if (value == "0" || is_blocking()) return GraphUse::never;
  return value == "1" ? GraphUse::always : GraphUse::where_it_pays;
}

}  // namespace lunops
