// SPDX-License-Identifier: MIT
#include "runtime/plan/figures.hpp"

#include <algorithm>

#include "runtime/device/pool.hpp"
#include "runtime/plan/cost.hpp"
#include "runtime/plan/plan.hpp"

namespace lunops {

namespace {

size_t given_bytes(const Node& node, std::vector<const Storage*>& seen, Device device) {
  size_t sum = 0;
  const auto add = [&](const auto& self, const WeightPtr& w) -> void {
    for (const WeightPtr& source : w->sources()) self(self, source);
    if (!w->is_given() || !(w->device() == device)) return;
    const Storage* storage = w->tensor().storage().get();
    if (std::find(seen.begin(), seen.end(), storage) != seen.end()) return;
    seen.push_back(storage);
    sum += storage->bytes();
  };
  for (const WeightPtr& w : node.core->weights()) add(add, w);
  for (const Node& child : node.core->children()) sum += given_bytes(child, seen, device);
  return sum;
}

}  // namespace

size_t given_bytes(const Node& node, Device device) {
  std::vector<const Storage*> seen;
  return given_bytes(node, seen, device);
}

PlanFigures figures_of(const Plan& plan, const Node& node, const Shape& input, DType dtype) {
  PlanFigures made;
  const std::vector<Device>& devices = plan.devices();
  for (size_t d = 0; d < devices.size(); ++d) {
    PlanFigures::OnDevice on;
    on.device = devices[d];
    size_t given = given_bytes(node, on.device);
    if (d == 0) given += static_cast<size_t>(input.count()) * size_of(dtype);
    on.building = given + plan.buildings()[d];
    on.peak = given + plan.persistents()[d] + plan.workspaces()[d];
    if (on.device == plan.output_device()) {
      on.peak += static_cast<size_t>(plan.output()->shape.count()) * size_of(plan.dtype());
    }
    made.devices.push_back(on);
  }
  std::vector<double> seconds;
  std::vector<int> last(devices.size(), -1);
  for (const auto& step : plan.steps()) {
    const auto device = static_cast<size_t>(step->device);
    PlanFigures::OnDevice& on = made.devices[device];
    seconds.push_back(seconds_of(*step, devices));
    made.flops += step->flops;
    if (is_transfer(*step)) {
      on.transfer += seconds.back();
      on.moved += transfer_bytes(*step);
      continue;
    }
    on.compute += seconds.back();
    if (step->tile >= 0 && step->tile != last[device]) ++on.tiles;
    last[device] = step->tile;
  }
  for (const ExplainedChoice& choice : plan.choices()) {
    if (choice.chosen != "Toeplitz") continue;
    (choice.is_given ? made.must_toeplitz : made.chose_toeplitz) = true;
  }
  made.seconds = plan.schedule().simulate(seconds).end;
  made.tiles = std::max<int64_t>(1, static_cast<int64_t>(plan.tiles().size()));
  return made;
}

size_t memory_budget(Device device, const Context& context) {
  const size_t budget = Account::on(context.account, device)->figures().budget;
  return budget > 0 ? budget : Pool::of(device).memory_limit();
}

PlanFigures estimate(const Linop& a,
                     const Shape& input,
                     DType dtype,
                     Device base,
                     Context& context,
                     const PlanOptions& given) {
  PlanOptions options = given;
  options.is_dry = true;
  Layout layout;
  layout.shape = input;
  layout.strides = row_major(input.extents());
  Context there = on_device(base, context);
  const auto plan = make_plan(a.node(), layout, dtype, nullptr, there, options);
  PlanFigures made = figures_of(*plan, a.node(), input, dtype);
  made.applications = options.applications;
  return made;
}

std::optional<PlanFigures> PlanReport::measured() const {
  const std::lock_guard lock(mutex_);
  return measured_;
}

bool PlanReport::is_watching() const {
  const std::lock_guard lock(mutex_);
  return !watches_.empty();
}

void PlanReport::begin(const Node& node, size_t input_bytes, Context& context) {
  const std::lock_guard lock(mutex_);
  if (measured_ || !watches_.empty()) return;
  for (const PlanFigures::OnDevice& on : expected_.devices) {
    Watch watch;
    watch.account = Account::on(context.account, on.device);
    const Account::Figures now = watch.account->figures();
    const size_t own =
        given_bytes(node, on.device) + (on.device == context.device ? input_bytes : 0);
    const size_t live = now.live + now.workspace;
    watch.before = live - std::min(live, own);
    watch.peak = now.peak;
    watch.account->reset_peak();
    watches_.push_back(std::move(watch));
  }
}

void PlanReport::planned() {
  const std::lock_guard lock(mutex_);
  for (Watch& watch : watches_) {
    const size_t peak = watch.account->figures().peak;
    watch.building = peak - std::min(peak, watch.before);
    watch.peak = std::max(watch.peak, peak);
    watch.account->reset_peak();
  }
}

void PlanReport::abandon() noexcept {
  const std::lock_guard lock(mutex_);
  for (const Watch& watch : watches_) watch.account->raise_peak(watch.peak);
  watches_.clear();
}

void PlanReport::end(double seconds, size_t given_output_bytes) {
  const std::lock_guard lock(mutex_);
  if (watches_.empty()) return;
  PlanFigures made = expected_;
  made.seconds = seconds;
  made.applications = 1;
  for (size_t d = 0; d < watches_.size(); ++d) {
    Watch& watch = watches_[d];
    const size_t peak = watch.account->figures().peak;
    made.devices[d].peak = peak - std::min(peak, watch.before) + (d == 0 ? given_output_bytes : 0);
    made.devices[d].building = watch.building;
    watch.account->raise_peak(watch.peak);
  }
  watches_.clear();
  measured_ = std::move(made);
}

}  // namespace lunops
