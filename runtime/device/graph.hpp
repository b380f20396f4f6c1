// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/device/device.hpp"

namespace lunops {

// Work of one GPU that is given to it again and again: kernels in their order, with the addresses
// and numbers that they were captured with.  Numbers that change lie in memory of the GPU.  Memory
// that the work uses is kept alive by the owner of the graph.
class Graph {
 public:
  // Keeps what `work` issues to the compute stream of the GPU on the calling thread; nothing of it
  // runs, and what other threads issue runs as ever.  Throws what `work` throws and Error{device},
  // Error{unsupported} where it asks for what no graph can hold: a wait of the host, memory of the
  // pool, a copy from or to the host, another GPU.  Whatever it throws, the GPU is as it was.
  Graph(Device gpu, const std::function<void()>& work);
  ~Graph();  // launches that are under way go on
  Graph(const Graph&) = delete;

  // Issues all of it to the compute stream, after what that has.  Throws Error{device |
  // device_memory}; then nothing was issued.
  void launch() const;
  size_t kernels() const noexcept { return kernels_; }

 private:
  Device device_;
  void* handle_ = nullptr;
  size_t kernels_ = 0;
  std::vector<std::string> operations_;  // that it was issued for
};

// Whether this thread captures; then `refuse_while_capturing` is Error{unsupported}.
bool is_capturing() noexcept;
void refuse_while_capturing(std::string_view what);

// When solvers use graphs: LUNOPS_CUDA_GRAPHS=0 says never, 1 wherever work can be captured;
// without it where that pays.  Never with LUNOPS_CUDA_BLOCKING=1.  Throws Error{argument} for other
// values.
enum class GraphUse { never, where_it_pays, always };
GraphUse graph_use();

}  // namespace lunops
