// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>

#include "runtime/device/timeline.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/plan/cost.hpp"
#include "runtime/plan/execution.hpp"

// What a timeline shows of an application (splitting.md §11).
namespace lunops {

namespace {

using Shown = TimelineNode;

std::atomic<int64_t> next_event{1};

// The bytes of a touch, without the gaps of a strided view unless it has too many.
std::vector<Shown::Access> ranges_of(const Touch& t) {
  constexpr int64_t kMostRuns = 4096;
  Shown::Access whole;
  whole.writes = t.writes;
  whole.first = static_cast<uintptr_t>(t.first);
  whole.last = static_cast<uintptr_t>(t.last);
  if (t.is_dense || t.ref == nullptr) return {whole};
  const RawView& v = t.ref->view;
  const auto item = static_cast<int64_t>(size_of(v.dtype));
  std::vector<std::pair<int64_t, int64_t>> dims;  // extent, stride in bytes; slowest first
  int64_t run = item, runs = 1;
  for (int i = v.ndim; i-- > 0;) {
    const auto d = static_cast<size_t>(i);
    if (v.stride[d] < 0) return {whole};
    if (v.extent[d] == 1 || v.stride[d] == 0) continue;
    if (dims.empty() && v.stride[d] * item == run) {
      run *= v.extent[d];
    } else {
      dims.insert(dims.begin(), {v.extent[d], v.stride[d] * item});
    }
  }
  Shown::Access rows = whole;
  if (!dims.empty()) {
    rows.repeats = dims.back().first;
    rows.stride = static_cast<uintptr_t>(dims.back().second);
    dims.pop_back();
  }
  for (const auto& [extent, stride] : dims) runs *= extent;
  if (runs > kMostRuns) return {whole};
  std::vector<Shown::Access> list;
  for (int64_t r = 0; r < runs; ++r) {
    int64_t rest = r, at = t.first;
    for (size_t d = dims.size(); d-- > 0;) {
      at += rest % dims[d].first * dims[d].second;
      rest /= dims[d].first;
    }
    rows.first = static_cast<uintptr_t>(at);
    rows.last = static_cast<uintptr_t>(at + run);
    list.push_back(rows);
  }
  return list;
}

}  // namespace

void Execution::trace_start() {
  const size_t count = plan_.steps_.size();
  traced_.resize(count);
  first_event_ = next_event.fetch_add(static_cast<int64_t>(count) + 1);
  streams_.clear();
  for (size_t q = 0; q < plan_.schedule_.queues.size(); ++q) {
    streams_.push_back(q == 0                   ? Device::host().text()
                       : natives_[q] != nullptr ? natives_[q]->name()
                                                : queues_[q]->name());
  }
  if (!virtual_devices()->clock) {
    for (const NativeStream* stream : natives_) {
      if (stream == nullptr) continue;
      is_timed_ = true;
      for (const Device end : {stream->source(), stream->target()}) {
        if (is_gpu(end)) context_.timeline->clocks().tie(end);
      }
    }
  }
  const auto span = [](const Tensor& t) {
    const auto first = reinterpret_cast<uintptr_t>(t.storage()->data());
    return Shown::Access{t.device(), first, first + t.storage()->bytes(), true};
  };
  Shown call;
  call.kind = Shown::Kind::host;
  call.stream = Device::host().text();
  call.device = Device::host();
  call.label = "call";
  call.accesses = {span(x_), span(y_)};
  call_.node = context_.timeline->add(std::move(call));
  call_.start = now();
  if (!plan_.schedule_.is_start_awaited) return;
  Shown record;
  record.kind = Shown::Kind::record;
  record.stream = Device::host().text();
  record.device = plan_.devices_.front();
  record.event = first_event_;
  call_.record = context_.timeline->add(std::move(record));
}

std::vector<int64_t> Execution::trace_waits(const std::vector<int>& waits,
                                            const std::string& stream,
                                            Device device) {
  std::vector<int64_t> made;
  for (const int j : waits) {
    Shown wait;
    wait.kind = Shown::Kind::wait;
    wait.stream = stream;
    wait.device = device;
    wait.event = first_event_ + 1 + j;
    made.push_back(context_.timeline->add(std::move(wait)));
  }
  return made;
}

void Execution::trace_step(size_t i) {
  const Step& step = *plan_.steps_[i];
  const Schedule& schedule = plan_.schedule_;
  const bool is_sequential = schedule.is_sequential();
  const int queue = is_sequential ? 0 : schedule.entries[i].queue;
  const std::string& stream = streams_[static_cast<size_t>(queue)];
  const Device device = plan_.devices_[static_cast<size_t>(step.device)];
  if (!is_sequential) {
    traced_[i].waits = trace_waits(schedule.entries[i].waits, stream, device);
  }
  Shown node;
  const bool is_copy = is_transfer(step);
  node.kind = is_copy                 ? Shown::Kind::copy
              : step.is_host_callback ? Shown::Kind::host
                                      : Shown::Kind::compute;
  node.stream = stream;
  node.device = device;
  node.source = is_copy ? plan_.devices_[static_cast<size_t>(step.source)] : device;
  node.label = step.label;
  if (step.tile >= 0) node.tile = plan_.tiles_[static_cast<size_t>(step.tile)];
  node.bytes = step.bytes;
  for (const Touch& t : touches_of(step, plan_.slots_)) {
    const Tensor* whole = t.place == Place::input ? &x_ : t.place == Place::output ? &y_ : nullptr;
    const std::byte* base = whole != nullptr ? static_cast<const std::byte*>(whole->data())
                                             : workspaces_[static_cast<size_t>(t.device)];
    const Device memory =
        whole != nullptr ? whole->device() : plan_.devices_[static_cast<size_t>(t.device)];
    const auto at = reinterpret_cast<uintptr_t>(base);
    for (Shown::Access access : ranges_of(t)) {
      access.memory = memory;
      if (whole != nullptr) {  // "all of it" ends where the storage does
        const std::byte* end = whole->storage()->data() + whole->storage()->bytes();
        access.last = std::min(access.last, static_cast<uintptr_t>(end - base));
      }
      access.first += at;
      access.last += at;
      node.accesses.push_back(access);
    }
  }
  traced_[i].node = context_.timeline->add(std::move(node));
  if (is_sequential || !schedule.entries[i].is_awaited) return;
  Shown record;
  record.kind = Shown::Kind::record;
  record.stream = stream;
  record.device = device;
  record.event = first_event_ + 1 + static_cast<int64_t>(i);
  traced_[i].record = context_.timeline->add(std::move(record));
}

void Execution::trace_end() {
  end_.waits = trace_waits(plan_.schedule_.last_waits, Device::host().text(), plan_.output_device_);
  const auto first = reinterpret_cast<uintptr_t>(y_.storage()->data());
  Shown back;
  back.kind = Shown::Kind::host;
  back.stream = Device::host().text();
  back.device = Device::host();
  back.label = "return";
  back.accesses = {{y_.device(), first, first + y_.storage()->bytes(), false}};
  end_.node = context_.timeline->add(std::move(back));
}

Timeline::Moment Execution::mark(const NativeStream& stream) {
  auto event = std::make_shared<NativeEvent>(stream.device(), true);
  event->record(stream);
  return event;
}

// Waits end where their step begins, and it records its event when it has ended.
void Execution::set_times(const Traced& traced,
                          const Timeline::Moment& start,
                          const Timeline::Moment& stop) {
  for (const int64_t wait : traced.waits) context_.timeline->set_times(wait, start, start);
  context_.timeline->set_times(traced.node, start, stop);
  if (traced.record >= 0) context_.timeline->set_times(traced.record, stop, stop);
}

void Execution::trace_times() {
  if (virtual_devices()->clock) {
    std::vector<double> seconds;
    for (const auto& step : plan_.steps_) seconds.push_back(seconds_of(*step, plan_.devices_));
    const Schedule::Times times = plan_.schedule_.simulate(seconds);
    double begin = 0;
    for (const Shown& node : context_.timeline->nodes()) begin = std::max(begin, node.stop);
    set_times(call_, begin, begin);
    for (size_t i = 0; i < traced_.size(); ++i) {
      set_times(traced_[i], begin + times.start[i], begin + times.stop[i]);
    }
    set_times(end_, begin + times.end, begin + times.end);
    return;
  }
  set_times(call_, call_.start, call_.start);
  double last = std::get<double>(call_.start);
  for (const Traced& t : traced_) {
    set_times(t, t.start, t.stop);
    if (const auto* stop = std::get_if<double>(&t.stop)) last = std::max(last, *stop);
  }
  // Where the result lies on a GPU, "return" stands where it is there, not where the host went on.
  const Device there = plan_.output_device_;
  const Timeline::Moment end = !is_timed_       ? last
                               : !is_gpu(there) ? now()
                                                : mark(NativeStream::compute(there));
  set_times(end_, end, end);
}

}  // namespace lunops
