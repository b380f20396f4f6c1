// SPDX-License-Identifier: MIT
#include "runtime/solver/monitor.hpp"

#include <algorithm>

namespace lunops {
namespace {

constexpr double kReportEvery = 0.1;       // seconds between reports of progress
constexpr int kReservedHistory = 1 << 16;  // entries for which the loop never allocates

}  // namespace

Monitor::Monitor(std::string_view label, const SolverOptions& options, Context& context)
    : label_(label), options_(options), context_(context), started_(Clock::now()) {
  history_.reserve(static_cast<size_t>(std::min(options.iters, kReservedHistory)) + 1);
}

double Monitor::seconds() const {
  return std::chrono::duration<double>(Clock::now() - started_).count();
}

bool Monitor::is_due() const {
  return context_.listener != nullptr && seconds() - reported_ >= kReportEvery;
}

void Monitor::report(int iteration, double residual, bool is_last) {
  const double now = seconds();
  if (context_.listener == nullptr || (!is_last && now - reported_ < kReportEvery)) return;
  reported_ = now;
  has_reported_ = true;
  context_.listener->progress({label_, iteration, options_.iters, now, residual, is_last});
}

void Monitor::start(double residual) { history_.push_back(residual); }

std::optional<Reason> Monitor::after(int iteration, double residual, const Tensor& x) {
  history_.push_back(residual);
  report(iteration, residual, false);
  if (options_.on_iteration) {
    const Iteration now{iteration, options_.iters, residual, seconds(), x};
    if (!options_.on_iteration(now)) return Reason::callback;
  }
  context_.poll();
  if (seconds() > options_.max_seconds) return Reason::seconds;
  return std::nullopt;
}

void Monitor::finish(int iteration, double residual) {
  if (has_reported_) report(iteration, residual, true);
}

}  // namespace lunops
