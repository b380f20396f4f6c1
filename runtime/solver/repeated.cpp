// SPDX-License-Identifier: MIT
#include "runtime/solver/repeated.hpp"

#include <algorithm>

#include "runtime/core/error.hpp"
#include "runtime/device/gpu_rates.hpp"
#include "runtime/device/native.hpp"
#include "runtime/linop/core.hpp"

namespace lunops {

namespace {

// Launching a kernel takes the host 2 to 4 us, which kernels that run for 20 us hide with ease.
constexpr double kShortKernel = 20e-6;
// An iteration of as many kernels is taken for possible before they are counted.
constexpr double kMostKernels = 64;
// Capturing costs as much as issuing the work once, and making the graph executable a few
// microseconds for each kernel; a launch of it saves most of issuing.  An estimate, to be measured.
constexpr int kLeastLaunches = 8;

}  // namespace

Repeated::Repeated(std::vector<Application> applications,
                   double bytes,
                   const std::function<void()>& work,
                   Context& context)
    : applications_(std::move(applications)),
      bytes_(bytes),
      work_(work),
      context_(context),
      use_(is_gpu(context.device) ? graph_use() : GraphUse::never) {
  // Whoever looks at a timeline wants to see the steps.
  if (context.timeline != nullptr) use_ = GraphUse::never;
  is_given_up_ = use_ == GraphUse::never;
}

void Repeated::run(int more) {
  if (graph_ != nullptr && !is_current()) {
    give_up();  // settings were changed, or plans forgotten
  }
  const bool pays = use_ == GraphUse::always || more >= kLeastLaunches;
  if (graph_ == nullptr && !is_given_up_ && is_warm_ && pays) capture();
  if (graph_ != nullptr) {
    context_.poll();
    for (const auto& plan : plans_) plan->check_weights();
    try {
      graph_->launch();
      ++launches_;
      return;
    } catch (const Error& e) {
      if (e.code() != Code::device_memory) throw;
      // Nothing was issued: there is no room for the scratch that the graph takes.
      give_up();
    }
  }
  work_();
  is_warm_ = true;
}

bool Repeated::is_small(double kernels) const {
  return use_ == GraphUse::always ||
         bytes_ / gpu_rates(context_.device).bytes < kernels * kShortKernel;
}

bool Repeated::can_capture() {
  plans_.clear();
  for (const Application& each : applications_) {
    const auto& [a, x, y] = each;
    if (!(x.device() == context_.device)) return false;
    plans_.push_back(a->core()->plans().get(a->node(), x, &y, context_));
    if (!plans_.back()->is_repeatable()) return false;
    bytes_ += plans_.back()->bytes();
  }
  return is_small(kMostKernels);
}

bool Repeated::is_current() const {
  for (size_t i = 0; i < plans_.size(); ++i) {
    const auto& [a, x, y] = applications_[i];
    if (a->core()->plans().get(a->node(), x, &y, context_) != plans_[i]) return false;
  }
  return true;
}

void Repeated::capture() {
  try {
    if (!can_capture()) return give_up();
    size_t workspace = 0;
    for (const auto& plan : plans_) workspace = std::max(workspace, plan->workspace());
    workspace_ = Arena::lease(workspace, context_);
    const Arena::Loan loan = lend();
    graph_ = std::make_unique<Graph>(context_.device, work_);
  } catch (const Error& e) {
    if (e.code() == Code::interrupted) throw;
    // What this was, if it is more than that the work fits into no graph, the work says itself.
    return give_up();
  }
  if (!is_small(static_cast<double>(graph_->kernels()))) give_up();
}

// The work leases its workspace by itself again.
void Repeated::give_up() noexcept {
  graph_ = nullptr;
  workspace_ = {};
  plans_.clear();
  is_given_up_ = true;
}

}  // namespace lunops
