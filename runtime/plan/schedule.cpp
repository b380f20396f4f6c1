// SPDX-License-Identifier: MIT
#include "runtime/plan/schedule.hpp"

#include <algorithm>
#include <utility>

#include "runtime/plan/cost.hpp"

namespace lunops {

namespace {

// What is known to have happened when something starts: by queue, the number of its steps that are
// done.  The start of the call is step 0 of the caller.
using Clock = std::vector<int>;

void merge(Clock& clock, const Clock& other) {
  for (size_t q = 0; q < clock.size(); ++q) clock[q] = std::max(clock[q], other[q]);
}

Schedule::Queue queue_of(const Step& step, const std::vector<Device>& devices) {
  using Kind = Schedule::Queue::Kind;
  if (step.is_host_callback) return {};
  if (is_transfer(step)) return {Kind::transfer, step.device, step.source};
  if (devices[static_cast<size_t>(step.device)].is_host()) return {};
  return {Kind::compute, step.device, -1};
}

// Accesses that later ones may have to wait for.
struct Past {
  Touch touch;
  int step;
};

bool covers(const Touch& a, const Touch& b) {
  return a.writes && a.is_dense && a.place == b.place && a.device == b.device &&
         a.first <= b.first && b.last <= a.last;
}

}  // namespace

Schedule make_schedule(const std::vector<std::unique_ptr<Step>>& steps,
                       const std::vector<SlotPlace>& slots,
                       const std::vector<Device>& devices) {
  Schedule made;
  made.queues.push_back({});
  for (const auto& step : steps) {
    const Schedule::Queue queue = queue_of(*step, devices);
    const auto found = std::find(made.queues.begin(), made.queues.end(), queue);
    made.entries.push_back({static_cast<int>(found - made.queues.begin()), {}, false});
    if (found == made.queues.end()) made.queues.push_back(queue);
  }
  if (made.is_sequential()) return made;

  const size_t queues = made.queues.size();
  std::vector<Clock> after(steps.size());             // by step: what is done when it is
  std::vector<Clock> done(queues, Clock(queues, 0));  // by queue: after its last step
  done[0][0] = 1;                                     // the start
  const Clock start = done[0];
  std::vector<int> place(steps.size());  // in its queue, from 1; the start is 1 of the caller
  std::vector<Past> past;
  const auto wait_for = [&](int queue, Clock& clock, std::vector<int>& waits, std::vector<int> on) {
    std::sort(on.begin(), on.end(), std::greater<>());
    on.erase(std::unique(on.begin(), on.end()), on.end());
    for (const int j : on) {
      const int there = j == Schedule::kStart ? 0 : made.entries[static_cast<size_t>(j)].queue;
      const int number = j == Schedule::kStart ? 1 : place[static_cast<size_t>(j)];
      if (there == queue || clock[static_cast<size_t>(there)] >= number) continue;
      waits.push_back(j);
      merge(clock, j == Schedule::kStart ? start : after[static_cast<size_t>(j)]);
      if (j == Schedule::kStart) {
        made.is_start_awaited = true;
      } else {
        made.entries[static_cast<size_t>(j)].is_awaited = true;
      }
    }
    std::reverse(waits.begin(), waits.end());
  };
  for (size_t i = 0; i < steps.size(); ++i) {
    Schedule::Entry& entry = made.entries[i];
    Clock& clock = done[static_cast<size_t>(entry.queue)];
    std::vector<int> on;
    for (const Touch& t : touches_of(*steps[i], slots)) {
      if (t.place == Place::input || t.place == Place::output) on.push_back(Schedule::kStart);
      for (const Past& p : past) {
        if (conflict(t, p.touch)) on.push_back(p.step);
      }
      std::erase_if(
          past, [&](const Past& p) { return p.step != static_cast<int>(i) && covers(t, p.touch); });
      past.push_back({t, static_cast<int>(i)});
    }
    wait_for(entry.queue, clock, entry.waits, std::move(on));
    place[i] = ++clock[static_cast<size_t>(entry.queue)];
    after[i] = clock;
  }
  std::vector<int> last(queues, Schedule::kStart);
  for (size_t i = 0; i < steps.size(); ++i) {
    last[static_cast<size_t>(made.entries[i].queue)] = static_cast<int>(i);
  }
  std::erase(last, Schedule::kStart);
  wait_for(0, done[0], made.last_waits, std::move(last));
  return made;
}

Schedule::Times Schedule::simulate(const std::vector<double>& seconds) const {
  Times times;
  times.start.resize(entries.size());
  times.stop.resize(entries.size());
  std::vector<double> free(queues.size(), 0.0);
  for (size_t i = 0; i < entries.size(); ++i) {
    double& at = free[static_cast<size_t>(entries[i].queue)];
    for (const int j : entries[i].waits) {
      if (j != kStart) at = std::max(at, times.stop[static_cast<size_t>(j)]);
    }
    times.start[i] = at;
    at += seconds[i];
    times.stop[i] = at;
    times.end = std::max(times.end, at);
  }
  return times;
}

void Schedule::drop_wait(int number) {
  for (Entry& entry : entries) {
    const auto count = static_cast<int>(entry.waits.size());
    if (number < count) {
      entry.waits.erase(entry.waits.begin() + number);
      return;
    }
    number -= count;
  }
}

}  // namespace lunops
