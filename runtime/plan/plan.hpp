// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/linop/container/workers.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/plan/explain.hpp"
#include "runtime/plan/options.hpp"
#include "runtime/plan/schedule.hpp"
#include "runtime/plan/step.hpp"

namespace lunops {

// In one application.
constexpr size_t kMostDevices = 16;

// Told by the applying thread after each tile, in the order in which they end: how many are done,
// of how many, and which.  False: no more of them.
using TileProgress = std::function<bool(int64_t done, int64_t total, const std::string& tile)>;

class PlanReport;

// How to carry out one application to tensors of one shape: a list of steps and a size of
// workspace.
//
// Immutable once made.  Memory between steps comes from the arena of the stream, so running a plan
// takes nothing from the pool.  Steps own kernels and weights, never a core.
class Plan {
 public:
  // y <- alpha A(x) + beta y.  x and y have the layouts that the plan was made for; the context is
  // on the device of x.
  void run(const Tensor& x, const Tensor& y, Scale s, Context& context) const {
    run_into(x, y, s, context, static_cast<size_t>(y.count()) * size_of(y.dtype()));
  }

  Tensor run(const Tensor& x, Context& context) const;  // y = A(x), in new memory

  const std::shared_ptr<const Layout>& output() const noexcept { return output_; }
  DType dtype() const noexcept { return dtype_; }
  const std::vector<std::unique_ptr<Step>>& steps() const noexcept { return steps_; }
  size_t workspace() const noexcept;                                              // on all devices
  const std::vector<size_t>& workspaces() const noexcept { return workspaces_; }  // by device
  const Schedule& schedule() const noexcept { return schedule_; }
  const std::vector<std::string>& tiles() const noexcept { return tiles_; }  // their names
  // Where the result lies, and all devices that steps run on; the input's is the first.
  Device output_device() const noexcept { return output_device_; }
  const std::vector<Device>& devices() const noexcept { return devices_; }
  double flops() const noexcept;
  double bytes() const noexcept;
  double seconds() const noexcept { return seconds_; }  // planning took
  const std::vector<std::string>& rewritten() const noexcept { return rewritten_; }
  const std::vector<ExplainedChoice>& choices() const noexcept { return choices_; }
  const std::vector<ExplainedNode>& nodes() const noexcept { return nodes_; }
  size_t persistent() const noexcept;  // on all devices
  const std::vector<size_t>& persistents() const noexcept { return persistents_; }  // by device
  // By device: kept bytes at most while kernels are made, with what making them takes.
  const std::vector<size_t>& buildings() const noexcept { return buildings_; }
  // The number of applications that its choices were made for; 0: it holds for any number.
  int applications() const noexcept { return applications_; }
  // Whether the containers' settings and the links between devices are still those that it was made
  // under.
  bool is_current() const noexcept;
  // The number of threads that its choices were made for; 0: it holds for any number.
  int threads() const noexcept { return threads_; }
  // Whether each application issues the same work to one GPU and asks nothing else of anybody, so
  // that a CUDA graph can stand for it.
  bool is_repeatable() const;
  // Whether it calls functions of the host, or lets the host sleep.
  bool asks_host() const noexcept;
  void check_weights() const;  // as each application does before its steps
  // Whether the result has extents that only the given output knew.
  bool is_told() const noexcept { return is_told_; }

 private:
  friend class Builder;
  friend class Execution;
  bool is_on_one_stream() const noexcept;
  void run_plain(const Tensor& x, const Tensor& y, Scale s, Context& context) const;
  void run_into(
      const Tensor& x, const Tensor& y, Scale s, Context& context, size_t given_output_bytes) const;
  std::vector<std::unique_ptr<Step>> steps_;
  Schedule schedule_;
  std::vector<std::string> tiles_;
  std::shared_ptr<const TileProgress> progress_;
  std::shared_ptr<PlanReport> report_;  // null: nobody measures
  std::vector<SlotPlace> slots_;
  std::vector<Device> devices_;
  std::vector<size_t> workspaces_;  // by device
  Device output_device_;
  std::vector<size_t> persistents_, buildings_;  // by device
  int applications_ = 0, threads_ = 0;
  bool is_told_ = false;
  struct Setting {
    std::shared_ptr<const Workers> workers;
    Workers::Threaded threaded;
    int count;
  };
  std::vector<Setting> settings_;
  // Whether copies between two devices may pass the host by; nothing: there are none.
  std::optional<bool> has_peer_;
  Weights weights_;           // checked before each run
  std::vector<Tensor> kept_;  // constants of the steps
  std::shared_ptr<const Layout> output_;
  DType dtype_ = DType::c64;
  double seconds_ = 0;
  std::vector<std::string> rewritten_;
  std::vector<ExplainedChoice> choices_;
  std::vector<ExplainedNode> nodes_;
};

// Plans A for inputs with this layout; the output is row-major unless `y` has other strides.
// Extents of the result that neither A nor x knows are those of `y`.
std::shared_ptr<const Plan> make_plan(const Node& node,
                                      const Layout& x,
                                      DType dtype,
                                      const Layout* y,
                                      Context& context,
                                      const PlanOptions& options = {});

// Y <- alpha A(x) + beta y by a plan of its own, past the table: every form that the planner could
// choose can be forced, for tests and benchmarks.
Tensor apply_planned(const Linop& a, const Tensor& x, Context& context, const PlanOptions& options);

// The plans of one core, the eight last used.  Thread-safe.
class PlanTable {
 public:
  // `applications` > 0: a plan whose choices were made for another number is made anew and
  // replaced; 0: any plan serves, and a new one is made for 20.
  std::shared_ptr<const Plan> get(
      const Node& node, const Tensor& x, const Tensor* y, Context& context, int applications = 0);
  bool has(const Node& node, const Tensor& x, Context& context, int applications = 0) const;
  size_t size() const;

 private:
  struct Entry {
    Mode mode;
    std::shared_ptr<const Form> form;
    std::shared_ptr<const Layout> x;
    std::shared_ptr<const Layout> y;  // null: row-major
    DType dtype;
    Device device;
    const Backend* backend;
    std::shared_ptr<const Plan> plan;
    mutable uint64_t used;  // guarded by the table's mutex
  };
  const Entry* find(
      const Node& node, const Tensor& x, const Tensor* y, const Context&, int applications) const;

  std::recursive_mutex planning_;  // planning may run code of the host, which applies operators
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  uint64_t clock_ = 0;
};

}  // namespace lunops
