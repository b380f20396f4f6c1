// SPDX-License-Identifier: MIT
#include "runtime/plan/execution.hpp"

#include <algorithm>
#include <chrono>

#include "runtime/core/error.hpp"

namespace lunops {

namespace {

constexpr std::chrono::milliseconds kPoll(5);  // between looks at the cancel flag

// The tile of a step, or those of the steps that it holds.
template <class F>
void for_each_tile(const Step& step, const F& f) {
  if (step.tile >= 0) f(step.tile);
  const auto* together = dynamic_cast<const GroupStep*>(&step);
  if (together == nullptr) return;
  for (const auto& group : together->groups()) {
    for (const auto& each : group) for_each_tile(*each, f);
  }
}

}  // namespace

Execution::Execution(const Plan& plan, const Tensor& x, const Tensor& y, Scale s, Context& context)
    : plan_(plan), x_(x), y_(y), context_(context) {
  using Kind = Schedule::Queue::Kind;
  const std::vector<Device>& devices = plan.devices_;
  const Schedule& schedule = plan.schedule_;
  const auto computing =
      std::count_if(schedule.queues.begin(), schedule.queues.end(),
                    [](const Schedule::Queue& q) { return q.kind == Kind::compute; });
  const int share = std::max(1, context.threads() / std::max(1, static_cast<int>(computing)));
  contexts_.reserve(devices.size());
  contexts_.push_back(context);
  for (size_t d = 1; d < devices.size(); ++d) contexts_.push_back(on_device(devices[d], context));
  for (size_t d = 0; d < devices.size(); ++d) {
    if (plan.workspaces_[d] == 0) continue;
    leases_[d] = Arena::lease(plan.workspaces_[d], contexts_[d]);
    workspaces_[d] = leases_[d].data();
  }
  const auto frame_of = [&](Context& there) {
    Frame frame;
    frame.input = static_cast<std::byte*>(x.data());
    frame.output = static_cast<std::byte*>(y.data());
    frame.workspaces = workspaces_.data();
    frame.slots = plan.slots_.data();
    frame.scale = s;
    frame.context = &there;
    frame.failed_group = &failed_;
    frame.stream = there.stream.get();
    frame.backend = &there.backend();
    return frame;
  };
  if (!schedule.is_sequential()) {
    // The devices share the threads of the call; a copy needs one.
    const auto with_threads = [&](const Context& of, int threads) {
      Context there = of;
      there.stream = std::make_shared<Stream>(of.device, of.stream->host_backend(), threads);
      there.stream->set_account(of.account);
      return there;
    };
    link_contexts_.reserve(devices.size());
    for (Context& there : contexts_) {
      link_contexts_.push_back(with_threads(there, 1));
      if (!there.device.is_host()) there = with_threads(there, share);
    }
    for (Context& there : link_contexts_) link_frames_.push_back(frame_of(there));
    for (const Schedule::Queue& q : schedule.queues) {
      const Device device = devices[static_cast<size_t>(q.device)];
      const Device source =
          q.kind == Kind::transfer ? devices[static_cast<size_t>(q.source)] : device;
      const bool is_native = q.kind != Kind::caller && (is_gpu(device) || is_gpu(source));
      natives_.push_back(!is_native                ? nullptr
                         : q.kind == Kind::compute ? &NativeStream::compute(device)
                                                   : &NativeStream::transfer(source, device));
      queues_.push_back(is_native                 ? nullptr
                        : q.kind == Kind::caller  ? nullptr
                        : q.kind == Kind::compute ? &WorkQueue::compute(device)
                                                  : &WorkQueue::transfer(source, device));
    }
  }
  for (Context& there : contexts_) frames_.push_back(frame_of(there));
  tile_left_.assign(plan.tiles_.size(), 0);
  for (const auto& step : plan.steps_) {
    for_each_tile(*step, [&](int tile) { ++tile_left_[static_cast<size_t>(tile)]; });
  }
  tiles_ = static_cast<int64_t>(
      std::count_if(tile_left_.begin(), tile_left_.end(), [](int steps) { return steps > 0; }));
}

void Execution::run() {
  if (context_.timeline != nullptr) trace_start();
  if (plan_.schedule_.is_sequential()) {
    run_here();
  } else {
    run_queues();
  }
  if (context_.timeline != nullptr) trace_times();
}

void Execution::finish(const Step& step) {
  if (tiles_ == 0) return;
  for_each_tile(step, [&](int tile) {
    if (--tile_left_[static_cast<size_t>(tile)] == 0) ended_.push_back(tile);
  });
}

void Execution::run_here() {
  std::unique_lock lock(mutex_, std::defer_lock);
  for (size_t i = 0; i < plan_.steps_.size(); ++i) {
    const Step& step = *plan_.steps_[i];
    try {
      context_.poll();
      if (!traced_.empty()) {
        trace_step(i);
        traced_[i].start = now();
      }
      step.perform(frames_[static_cast<size_t>(step.device)]);
      if (!traced_.empty()) traced_[i].stop = now();
    } catch (...) {
      fail_with(std::current_exception(), i);
      rethrow();
    }
    finish(step);
    if (!ended_.empty()) report_progress(lock);
    if (error_) rethrow();
  }
  if (!traced_.empty()) trace_end();
}

void Execution::fail_with(std::exception_ptr error, size_t step) noexcept {
  if (error_ && error_step_ <= step) return;
  error_ = std::move(error);
  error_step_ = step;
}

void Execution::rethrow() {
  int tile = -1;
  if (error_step_ < plan_.steps_.size()) {
    const Step& step = *plan_.steps_[error_step_];
    const auto* together = dynamic_cast<const GroupStep*>(&step);
    const int64_t failed = failed_.load();
    tile = together == nullptr ? step.tile : failed < 0 ? -1 : together->tile_of(failed);
  }
  if (tile < 0) std::rethrow_exception(error_);
  const std::string place = fmt::format("in tile {}", plan_.tiles_[static_cast<size_t>(tile)]);
  try {
    std::rethrow_exception(error_);
  } catch (ForeignError& e) {
    e.place = place;
    throw;
  } catch (const Error& e) {
    if (e.code() == Code::interrupted) throw;
    throw Error(e.code(), e.operation(), fmt::format("{} ({})", e.message(), place));
  }
}

const NativeStream* Execution::native(size_t step) const noexcept {
  const int queue = plan_.schedule_.entries[step].queue;
  return natives_.empty() ? nullptr : natives_[static_cast<size_t>(queue)];
}

void Execution::start_natives() {
  starts_.resize(plan_.devices_.size());
  for (size_t d = 0; d < plan_.devices_.size(); ++d) {
    const Device device = plan_.devices_[d];
    if (!is_gpu(device)) continue;
    starts_[d] = NativeEvent(device);
    starts_[d].record(NativeStream::compute(device));
  }
}

void Execution::issue_now(size_t i, const NativeStream& stream) {
  const Step& step = *plan_.steps_[i];
  const Schedule::Entry& entry = plan_.schedule_.entries[i];
  const auto q = static_cast<size_t>(entry.queue);
  const Schedule::Queue& queue = plan_.schedule_.queues[q];
  const bool is_link = queue.kind == Schedule::Queue::Kind::transfer;
  context_.poll();
  if (is_link && last_issued_[q] < 0) {
    for (const int end : {queue.source, queue.device}) {
      const NativeEvent& start = starts_[static_cast<size_t>(end)];
      if (start) start.make_wait(stream);
    }
  }
  for (const int j : entry.waits) {
    // Work of a compute stream comes after the start by itself.
    if (j != Schedule::kStart && native(static_cast<size_t>(j)) != nullptr) {
      events_[static_cast<size_t>(j)].make_wait(stream);
    }
  }
  Frame frame = frames_[static_cast<size_t>(step.device)];
  if (is_link) frame.link = &stream;
  last_issued_[q] = static_cast<int>(i);
  if (is_timed_) traced_[i].start = mark(stream);
  step.perform(frame);
  if (is_timed_) traced_[i].stop = mark(stream);
  if (!entry.is_awaited) return;
  events_[i] = NativeEvent(stream.device());
  events_[i].record(stream);
}

void Execution::issue(size_t i) noexcept {
  const NativeStream& stream = *native(i);
  const Step& step = *plan_.steps_[i];
  std::unique_lock lock(mutex_);
  wait_here(lock, [&] { return error_ != nullptr || are_done(plan_.schedule_.entries[i].waits); });
  std::exception_ptr error;
  const bool is_last_of_tile = step.tile >= 0 && tile_left_[static_cast<size_t>(step.tile)] == 1;
  if (!error_) {
    lock.unlock();
    try {
      issue_now(i, stream);
      // Who asks for progress hears of tiles that have ended, and waits for them.
      if (plan_.progress_ != nullptr && is_last_of_tile) {
        stream.module().synchronize_stream(stream.handle());
      }
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
  }
  if (error) fail_with(std::move(error), i);
  done_[i] = 1;
  finish(step);
  changed_.notify_all();
}

void Execution::join_natives() {
  for (size_t q = 0; q < natives_.size(); ++q) {
    if (natives_[q] == nullptr || last_issued_[q] < 0) continue;
    const NativeStream& stream = *natives_[q];
    const bool is_link = plan_.schedule_.queues[q].kind == Schedule::Queue::Kind::transfer;
    if (!is_link) continue;
    NativeEvent end(stream.device());
    end.record(stream);
    bool has_host = false;
    for (const Device device : {stream.source(), stream.target()}) {
      if (is_gpu(device)) {
        end.make_wait(NativeStream::compute(device));
      } else {
        has_host = true;
      }
    }
    if (has_host) end.synchronize();
  }
}

bool Execution::are_done(const std::vector<int>& steps) const noexcept {
  return std::all_of(steps.begin(), steps.end(), [&](int j) {
    return j == Schedule::kStart || done_[static_cast<size_t>(j)] != 0;
  });
}

void Execution::work(void* self, int64_t step) noexcept {
  static_cast<Execution*>(self)->perform(static_cast<size_t>(step));
}

void Execution::perform(size_t i) noexcept {
  const Step& step = *plan_.steps_[i];
  const Schedule::Entry& entry = plan_.schedule_.entries[i];
  const bool is_caller = entry.queue == 0;
  const bool is_link = plan_.schedule_.queues[static_cast<size_t>(entry.queue)].kind ==
                       Schedule::Queue::Kind::transfer;
  std::unique_lock lock(mutex_);
  if (is_caller) {
    wait_here(lock, [&] { return are_done(entry.waits); });
  } else {
    // After an error nothing is run, so nothing need be waited for: what an item waits for may
    // stand behind another application's.
    changed_.wait(lock, [&] { return error_ != nullptr || are_done(entry.waits); });
  }
  if (!error_) {
    lock.unlock();
    std::exception_ptr error;
    const double start = traced_.empty() ? 0 : now();
    try {
      context_.poll();
      for (const int j : entry.waits) {
        if (j != Schedule::kStart && native(static_cast<size_t>(j)) != nullptr) {
          events_[static_cast<size_t>(j)].synchronize();
        }
      }
      const auto& frames = is_link ? link_frames_ : frames_;
      const Frame& frame = frames[static_cast<size_t>(step.device)];
      step.perform(frame);
      // What code of the host issued to a GPU, no event of this plan stands for.
      if (!is_link && frame.stream->native() != nullptr) frame.stream->wait();
    } catch (...) {
      error = std::current_exception();
    }
    if (!traced_.empty()) {
      traced_[i].start = start;
      traced_[i].stop = now();
    }
    lock.lock();
    if (error) fail_with(std::move(error), i);
  }
  done_[i] = 1;
  if (!is_caller) --left_;
  finish(step);
  // Under the lock: the last step to end may be the last to look at this object.
  changed_.notify_all();
}

template <class Condition>
void Execution::wait_here(std::unique_lock<std::mutex>& lock, const Condition& condition) {
  while (!condition()) {
    changed_.wait_for(lock, kPoll);
    if (!ended_.empty()) report_progress(lock);
    if (error_ == nullptr && context_.cancel != nullptr &&
        context_.cancel->load(std::memory_order_relaxed)) {
      try {
        context_.poll();
      } catch (...) {
        fail_with(std::current_exception(), plan_.steps_.size());
      }
    }
  }
}

// Called by the applying thread alone; `lock` is given up while the function of the host runs.
void Execution::report_progress(std::unique_lock<std::mutex>& lock) {
  std::vector<int> ended;
  ended.swap(ended_);
  for (const int tile : ended) {
    ++tiles_done_;
    if (plan_.progress_ == nullptr || error_) continue;
    const bool was_locked = lock.owns_lock();
    if (was_locked) lock.unlock();
    std::exception_ptr error;
    try {
      const std::string& name = plan_.tiles_[static_cast<size_t>(tile)];
      if (!(*plan_.progress_)(tiles_done_, tiles_, name)) {
        fail(Code::interrupted, "apply", "interrupted by the progress function after tile {}",
             name);
      }
    } catch (...) {
      error = std::current_exception();
    }
    if (was_locked) lock.lock();
    if (error) fail_with(std::move(error), plan_.steps_.size());
  }
}

void Execution::submit(size_t i) noexcept {
  WorkQueue* queue = queues_[static_cast<size_t>(plan_.schedule_.entries[i].queue)];
  if (queue == nullptr) return;
  try {
    queue->submit({&Execution::work, this, static_cast<int64_t>(i)});
  } catch (...) {
    const std::lock_guard lock(mutex_);
    fail_with(std::current_exception(), i);
    done_[i] = 1;  // it was not handed over, so it has ended
    --left_;
    changed_.notify_all();
  }
}

void Execution::run_queues() {
  const size_t count = plan_.steps_.size();
  done_.assign(count, 0);
  const Schedule& schedule = plan_.schedule_;
  for (const Schedule::Entry& entry : schedule.entries) {
    left_ += queues_[static_cast<size_t>(entry.queue)] == nullptr ? 0 : 1;
  }
  events_.resize(count);
  last_issued_.assign(schedule.queues.size(), -1);
  start_natives();
  if (!traced_.empty()) {
    for (size_t i = 0; i < count; ++i) trace_step(i);
    trace_end();
  }
  // A function of the host may apply operators, on these queues too.  So it is called while no item
  // of this application waits, in any queue, for what this thread has yet to do.
  const auto is_barrier = [&](size_t i) {
    return schedule.entries[i].queue == 0 &&
           (plan_.steps_[i]->is_host_callback || plan_.progress_ != nullptr);
  };
  size_t submitted = 0;
  const auto submit_to_barrier = [&](size_t from) {
    size_t end = from;
    while (end < count && !is_barrier(end)) ++end;
    for (; submitted < end; ++submitted) submit(submitted);
  };
  for (size_t i = 0; i < count; ++i) {
    const bool is_native = native(i) != nullptr;
    if (schedule.entries[i].queue != 0 && !is_native) continue;
    submit_to_barrier(i);
    if (is_native) {
      issue(i);
      continue;
    }
    perform(i);
    if (is_barrier(i)) submit_to_barrier(i + 1);
  }
  submit_to_barrier(count);
  std::unique_lock lock(mutex_);
  wait_here(lock, [&] { return left_ == 0; });
  if (!ended_.empty()) report_progress(lock);
  lock.unlock();
  try {
    join_natives();
  } catch (...) {
    fail_with(std::current_exception(), count);
  }
  if (error_) rethrow();
}

}  // namespace lunops
