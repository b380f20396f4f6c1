// SPDX-License-Identifier: MIT
// Children of containers on several threads of one device (splitting.md §6).
#include <algorithm>
#include <utility>

#include "runtime/plan/builder.hpp"
#include "runtime/plan/cost.hpp"

namespace lunops {

namespace {

// Seconds of steps one after another, each with all threads that its kernel shares out to: one for
// every kGrain elements of its result (the grain of the loops in backend/cpu).
double seconds_alone(const std::vector<std::unique_ptr<Step>>& steps, int threads) {
  constexpr double kGrain = 16384;
  double sum = 0;
  for (const auto& step : steps) {
    double elements = 1;
    if (!step->refs.empty()) {
      const RawView& y = step->refs.back().view;
      for (int d = 0; d < y.ndim; ++d)
        elements *= static_cast<double>(y.extent[static_cast<size_t>(d)]);
    }
    sum += seconds_of(*step) / std::clamp(elements / kGrain, 1.0, static_cast<double>(threads));
  }
  return sum;
}

double seconds_on_one(const std::vector<std::unique_ptr<Step>>& steps) {
  double sum = 0;
  for (const auto& step : steps) sum += seconds_of(*step);
  return sum;
}

// Whether groups gain at least 20 % side by side, and the shortest is worth a hand-over
// (splitting.md §6).
constexpr double kShortest = 50e-6;
bool pays(const std::vector<const std::vector<std::unique_ptr<Step>>*>& groups,
          int workers,
          int threads) {
  constexpr double kGain = 0.8;
  double alone = 0, longest = 0, shortest = 1e9;
  for (const auto* group : groups) {
    const double one = seconds_on_one(*group);
    alone += seconds_alone(*group, threads);
    longest = std::max(longest, one);
    shortest = std::min(shortest, one);
  }
  const auto rounds = static_cast<double>((groups.size() + static_cast<size_t>(workers) - 1) /
                                          static_cast<size_t>(workers));
  return shortest >= kShortest && rounds * longest <= kGain * alone;
}

}  // namespace

int Builder::children_at_once(const std::shared_ptr<Workers>& workers, size_t count) {
  const Workers::Threaded threaded = workers->threaded;
  const int most = workers->count, threads = contexts_.front()->stream->threads();
  plan_->settings_.push_back({workers, threaded, most});
  plan_->threads_ = threads;
  const bool is_host = context().device.kind == DeviceKind::cpu;
  if (recorded_ != nullptr || !is_host || threaded == Workers::Threaded::off) return 1;
  return static_cast<int>(
      std::min<size_t>(count, static_cast<size_t>(most > 0 ? std::min(most, threads) : threads)));
}

// Callbacks stay on the applying thread, and each other device keeps its one order of work.
bool Builder::may_move(const Steps& steps) const {
  return !steps.empty() && std::all_of(steps.begin(), steps.end(), [&](const auto& step) {
    return step->device == device_ && !is_transfer(*step) && !step->is_host_callback;
  });
}

bool Builder::is_gain(const std::vector<Steps>& groups,
                      const std::shared_ptr<Workers>& workers,
                      int at_once) const {
  std::vector<const Steps*> movable;
  for (const Steps& group : groups) {
    if (may_move(group)) movable.push_back(&group);
  }
  if (movable.size() < 2) return false;
  return workers->threaded == Workers::Threaded::on ||
         pays(movable, at_once, contexts_.front()->stream->threads());
}

void Builder::append_together(std::vector<Steps>& groups, int at_once) {
  std::vector<Steps> moved;
  for (Steps& group : groups) {
    if (may_move(group)) moved.push_back(std::exchange(group, {}));
  }
  auto step = std::make_unique<GroupStep>(std::move(moved), at_once);
  step->device = device_;
  append(std::move(step));
}

void Builder::side_by_side(const std::shared_ptr<Workers>& workers,
                           size_t count,
                           const std::function<void(size_t)>& lower_child) {
  const int at_once = children_at_once(workers, count);
  if (at_once < 2) {
    for (size_t i = 0; i < count; ++i) lower_child(i);
    return;
  }
  std::vector<Steps> groups(count);
  for (size_t i = 0; i < count; ++i) {
    const Recording recording(*this, groups[i]);
    lower_child(i);
  }
  if (is_gain(groups, workers, at_once)) append_together(groups, at_once);
  for (Steps& group : groups) {
    for (auto& step : group) append(std::move(step));
  }
}

// In rounds of as many children as run at once: the first of a round adds to y itself, the others
// write partial results, which are then added in the order of the children.
void Builder::sum_side_by_side(
    const std::shared_ptr<Workers>& workers,
    size_t count,
    const Operand& y,
    const StepScale& scale,
    const std::function<void(size_t, const Operand&, const StepScale&)>& lower_child) {
  const int at_once = options_.deterministic ? 1 : children_at_once(workers, count);
  const auto in_turn = [&](size_t from) {
    for (size_t i = from; i < count; ++i) {
      lower_child(i, y, i == 0 ? scale : scale.accumulating());
    }
  };
  if (at_once < 2) {
    in_turn(0);
    return;
  }
  StepScale alone = scale;
  alone.beta = StepScale::Beta::zero;
  const auto round = static_cast<size_t>(at_once);
  // Found anew each time: nodes that children open and end may move it.
  const auto nodes = [&]() -> std::vector<ExplainedNode>& {
    return open_.empty() ? plan_->nodes_ : open_.back().children;
  };
  size_t nodes_of_first = 0;
  std::vector<Steps> groups(count);
  std::vector<Operand> results(count, y);
  bool is_worth = true;
  for (size_t i = 0; i < count && is_worth; ++i) {
    if (i % round != 0) results[i] = slot(y.shape, y.dtype);
    {
      const Recording recording(*this, groups[i]);
      const StepScale& first = i == 0 ? scale : scale.accumulating();
      lower_child(i, results[i], i % round == 0 ? first : alone);
    }
    if (i == 0) nodes_of_first = nodes().size();
    // A child that is too short settles it, before the others are written for nothing.
    is_worth = workers->threaded == Workers::Threaded::on || !may_move(groups[i]) ||
               seconds_on_one(groups[i]) >= kShortest;
  }
  if (!is_worth || !is_gain(groups, workers, at_once)) {
    // The first was written as it is done in turn, too.
    nodes().resize(nodes_of_first);
    for (auto& step : groups.front()) append(std::move(step));
    in_turn(1);
    return;
  }
  for (size_t first = 0; first < count; first += round) {
    const size_t last = std::min(count, first + round);
    std::vector<Steps> some(std::make_move_iterator(groups.begin() + static_cast<ptrdiff_t>(first)),
                            std::make_move_iterator(groups.begin() + static_cast<ptrdiff_t>(last)));
    const auto movable = std::count_if(some.begin(), some.end(),
                                       [&](const Steps& group) { return may_move(group); });
    if (movable > 1) append_together(some, at_once);
    for (Steps& group : some) {
      for (auto& step : group) append(std::move(step));
    }
    label("Add", y.shape.braced());
    for (size_t i = first + 1; i < last; ++i) copy(results[i], y, StepScale{}.accumulating());
  }
}

}  // namespace lunops
