// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "runtime/device/arena.hpp"
#include "runtime/device/graph.hpp"
#include "runtime/linop/linop.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

// What an iteration of a solver issues, the same each time: directly, or on a GPU as one CUDA graph
// from the second time on, where that can be and pays.
//
// The work is applications of operators and passes over vectors of the solver, which stay where
// they are.  It asks nothing of the host.
class Repeated {
 public:
  struct Application {
    const Linop* a;
    Tensor x, y;
  };
  // bytes: what an iteration's passes read and write besides the applications.
  Repeated(std::vector<Application> applications,
           double bytes,
           const std::function<void()>& work,
           Context& context);

  // Issues the work once; it is to come so many more times.
  void run(int more);
  int launches() const noexcept { return launches_; }
  // Applications outside the work, on the same device, use its workspace while this lives.
  Arena::Loan lend() const { return {workspace_, context_.device}; }

 private:
  bool can_capture();
  bool is_small(double kernels) const;
  bool is_current() const;
  void capture();
  void give_up() noexcept;

  std::vector<Application> applications_;
  double bytes_;
  std::function<void()> work_;
  Context& context_;
  GraphUse use_;
  bool is_warm_ = false;      // the work was issued once
  bool is_given_up_ = false;  // it is issued directly from now on
  int launches_ = 0;
  Arena::Lease workspace_;  // that the graph uses
  std::vector<std::shared_ptr<const Plan>> plans_;
  std::unique_ptr<Graph> graph_;  // ends first
};

}  // namespace lunops
