// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/solver/solver.hpp"

namespace lunops {

// What every solver does once per iteration besides its mathematics: history, progress, the
// callback, the time limit and the cancel flag.  Decisions to stop that do not come from the
// numbers come from here.
class Monitor {
 public:
  Monitor(std::string_view label, const SolverOptions& options, Context& context);

  // The state before the first step.
  void start(double residual);
  // After step `iteration`, which left x: why to stop now, if something says so.
  // Throws Error{interrupted} if the cancel flag is set.
  std::optional<Reason> after(int iteration, double residual, const Tensor& x);
  // For loops that look at their residual when somebody wants to see it only.
  bool is_due() const;  // the next report of progress
  void report(int iteration, double residual) { report(iteration, residual, false); }
  // The residual of an iteration that was not reported when it ended.
  void record(double residual) { history_.push_back(residual); }
  // The last report of progress, if there was one before.
  void finish(int iteration, double residual);

  double seconds() const;
  const std::vector<double>& history() const noexcept { return history_; }

 private:
  using Clock = std::chrono::steady_clock;
  void report(int iteration, double residual, bool is_last);

  std::string_view label_;
  const SolverOptions& options_;
  Context& context_;
  Clock::time_point started_;
  double reported_ = 0;  // seconds at the last report
  bool has_reported_ = false;
  std::vector<double> history_;
};

}  // namespace lunops
