// SPDX-License-Identifier: MIT
#include "tests/native/fake_module.hpp"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "runtime/core/error.hpp"
#include "runtime/device/gpu_clock.hpp"
#include "runtime/device/loader.hpp"

namespace lunops::fake {

namespace {

constexpr int kDevices = 3;

struct Work {
  std::function<void()> run;    // empty: a wait
  const void* event = nullptr;  // of a wait
  int64_t recorded = 0;         // of a wait: the record that it is for
};

struct FakeStream {
  std::string name;
  std::deque<Work> work;
};

struct FakeEvent {
  int64_t recorded = 0, happened = 0;  // numbers of records
  double seconds = 0;                  // of the last that happened
};

struct State {
  std::recursive_mutex mutex;
  std::vector<std::unique_ptr<FakeStream>> streams;
  std::vector<std::unique_ptr<FakeEvent>> events;
  std::vector<std::string> issued;
  std::map<const void*, int> numbers;
  int host_waits = 0;
  bool fails = false, prefers_old = false;
};

State& state() {
  static State* const all = new State;
  return *all;
}

std::string device_name(int device) {
  return device < 0 ? "cpu" : "cuda:" + std::to_string(device);
}

void* make_event(int) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.events.push_back(std::make_unique<FakeEvent>());
  return s.events.back().get();
}

bool may_run(const Work& work) {
  return work.event == nullptr ||
         static_cast<const FakeEvent*>(work.event)->happened >= work.recorded;
}

// One stream goes first, as far as it comes: copies before the kernels that they must wait for, and
// the work of one device before that of another.
void run_until(const std::function<bool()>& is_enough) {
  State& s = state();
  while (!is_enough()) {
    bool has_run = false;
    for (size_t k = 0; k < s.streams.size() && !has_run; ++k) {
      FakeStream& stream = *s.streams[s.prefers_old ? k : s.streams.size() - 1 - k];
      while (!stream.work.empty() && may_run(stream.work.front()) && !is_enough()) {
        const Work work = std::move(stream.work.front());
        stream.work.pop_front();
        if (work.run) work.run();
        has_run = true;
      }
    }
    if (!has_run) {
      if (is_enough()) return;
      fail(Code::internal, "fake", "streams wait for each other");
    }
  }
}

FakeStream& stream_at(void* stream) { return *static_cast<FakeStream*>(stream); }
FakeEvent& event_at(void* event) { return *static_cast<FakeEvent*>(event); }

int number_of(const void* event) {
  auto& numbers = state().numbers;
  return numbers.emplace(event, static_cast<int>(numbers.size()) + 1).first->second;
}

void log(const FakeStream& stream, const std::string& what) {
  state().issued.push_back(stream.name + " " + what);
}

const DeviceModule kModule{
    .devices = [] { return kDevices; },
    .backend = backend_of,
    .allocate = [](int, size_t bytes) -> void* {
      void* data = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
      std::memset(data, 0xFF, bytes);  // NaN: what is read before it is written shows
      return data;
    },
    .release = [](int, void* data) noexcept { std::free(data); },
    .free_bytes = [](int) { return size_t{1} << 30; },
    .rates =
        [](int) {
          return GpuRates{1e12, 1e13, 1e12, 1e13, 1e-6};
        },
    .make_stream = [](int source, int target) -> void* {
      State& s = state();
      const std::lock_guard lock(s.mutex);
      auto made = std::make_unique<FakeStream>();
      made->name =
          source == target ? device_name(target) : device_name(source) + ">" + device_name(target);
      s.streams.push_back(std::move(made));
      return s.streams.back().get();
    },
    .make_event = make_event,
    .make_timed_event = make_event,
    .record =
        [](void* event, void* stream) {
          const std::lock_guard lock(state().mutex);
          const int64_t number = ++event_at(event).recorded;
          log(stream_at(stream), "record " + std::to_string(number_of(event)));
          stream_at(stream).work.push_back({[event, number] {
            event_at(event).happened = number;
            event_at(event).seconds = GpuClocks::host_seconds();
          }});
        },
    .wait =
        [](void* stream, void* event) {
          const std::lock_guard lock(state().mutex);
          log(stream_at(stream), "wait " + std::to_string(number_of(event)));
          stream_at(stream).work.push_back({{}, event, event_at(event).recorded});
        },
    .synchronize =
        [](void* event) {
          State& s = state();
          const std::lock_guard lock(s.mutex);
          ++s.host_waits;
          run_until([&] { return event_at(event).happened >= event_at(event).recorded; });
        },
    .synchronize_stream =
        [](void* stream) {
          State& s = state();
          const std::lock_guard lock(s.mutex);
          ++s.host_waits;
          run_until([&] { return stream_at(stream).work.empty(); });
        },
    .milliseconds = [](void* from,
                       void* to) { return 1e3 * (event_at(to).seconds - event_at(from).seconds); },
    .clock = [](int device) { return device; },
    .copy =
        [](void* stream, int, const void* x, int, void* y, size_t bytes, bool) {
          submit(stream, "copy " + std::to_string(bytes), [=] { std::memcpy(y, x, bytes); });
        },
    .pin = [](void*, size_t) { return true; },
    .unpin = [](void*) noexcept {},
    .prepare_contraction =
        [](const RawView&, const RawView&, int, const RawView&, const Stream&) {},
    .begin_capture =
        [](void*) { fail(Code::unsupported, "graph", "this module keeps no work for later"); },
    .end_capture = [](void*, size_t*) -> void* { return nullptr; },
    .abandon_capture = [](void*) noexcept {},
    .launch_graph = [](void*, void*) {},
    .release_graph = [](void*) noexcept {}};

}  // namespace

void install() { inject_module("cuda", &kModule); }

const std::vector<std::string>& issued() { return state().issued; }

void clear() {
  finish_all();
  State& s = state();
  s.issued.clear();
  s.numbers.clear();
  s.host_waits = 0;
}

int host_waits() { return state().host_waits; }

size_t pending() {
  size_t count = 0;
  for (const auto& stream : state().streams) count += stream->work.size();
  return count;
}

void finish_all() {
  const std::lock_guard lock(state().mutex);
  run_until([] { return pending() == 0; });
}

void submit(void* stream, std::string name, std::function<void()> work) {
  const std::lock_guard lock(state().mutex);
  log(stream_at(stream), name);
  stream_at(stream).work.push_back({std::move(work)});
}

void prefer_old_streams(bool prefers) { state().prefers_old = prefers; }

void fail_next(bool fails) { state().fails = fails; }

bool take_failure() { return std::exchange(state().fails, false); }

}  // namespace lunops::fake
