// SPDX-License-Identifier: MIT
#include "tests/cuda/simulated/gpu.hpp"

#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace lunops::simulated {

namespace {

constexpr size_t kArena = size_t{1} << 40;  // address space of all devices
constexpr size_t kAlign = 256;
constexpr size_t kPage = size_t{2} << 20;  // huge ones: protection changes with every wait

struct Stream;

// How much of the work of the streams of a capture comes before something.
using Clock = std::map<const Stream*, size_t>;

// A place in a stream: what was issued before it.
struct Ticket {
  Stream* stream = nullptr;
  uint64_t number = 0;
  double seconds = 0;
  std::shared_ptr<Graph> graph;  // that it is part of
  Clock before;                  // of the graph
};

struct Stream {
  int device = 0;
  std::deque<Work> pending;
  uint64_t issued = 0, done = 0;
  bool is_running = false;
  std::shared_ptr<Graph> recording;
  Clock before;  // of what it records next
};

struct Event {
  int device = 0;
  bool is_timed = false;
  std::shared_ptr<Ticket> last;
};

struct Device {
  std::byte* memory = nullptr;
  size_t end = 0;  // of what was ever used
  size_t used = 0;
  std::multimap<size_t, size_t> idle;  // bytes -> offset
  std::map<const void*, size_t> blocks;
};

size_t number_of(const char* name, size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void complain(int, siginfo_t* info, void*);

class Machine {
 public:
  Machine() : devices(number_of("LUNOPS_SIMULATED_GPUS", 1)) {
    total = number_of("LUNOPS_SIMULATED_MEMORY", size_t{1} << 30);
    base = static_cast<std::byte*>(
        mmap(nullptr, kArena, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (base == MAP_FAILED) std::abort();
    base += (kPage - reinterpret_cast<uintptr_t>(base) % kPage) % kPage;
    pitch = kArena / (devices.size() + 1) / kPage * kPage;
    madvise(base, pitch * devices.size(), MADV_HUGEPAGE);
    for (size_t i = 0; i < devices.size(); ++i) devices[i].memory = base + i * pitch;
    struct sigaction action {};
    action.sa_sigaction = complain;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, &previous);
  }

  // Memory of devices can be touched while this lives.
  class Open {
   public:
    explicit Open(Machine& m) : machine_(m) {
      if (machine_.open++ == 0) machine_.protect(PROT_READ | PROT_WRITE);
    }
    ~Open() {
      if (--machine_.open == 0) machine_.protect(PROT_NONE);
    }
    Open(const Open&) = delete;

   private:
    Machine& machine_;
  };

  void protect(int how) {
    for (const Device& d : devices) {
      if (d.end != 0) mprotect(d.memory, (d.end + kPage - 1) / kPage * kPage, how);
    }
  }

  void run(Stream& s, uint64_t upto) {
    if (s.done >= upto) return;
    if (s.is_running) {
      std::fprintf(stderr, "simulated GPU: a stream waits for itself\n");
      std::abort();
    }
    const Open scope(*this);
    s.is_running = true;
    while (s.done < upto) {
      const Work work = std::move(s.pending.front());
      s.pending.pop_front();
      work();
      ++s.done;
    }
    s.is_running = false;
  }

  void add(Stream& s, Work work) {
    s.pending.push_back(std::move(work));
    ++s.issued;
  }

  std::recursive_mutex mutex;
  std::vector<Device> devices;
  std::byte* base = nullptr;
  size_t pitch = 0, total = 0;
  int open = 0;
  int64_t waits = 0;
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<Event>> events;
  std::map<const std::byte*, size_t> pinned;
  std::map<const void*, size_t> shared;
  int64_t launches = 0;
  struct sigaction previous {};
};

Machine& machine() {
  static Machine* const all = new Machine;
  return *all;
}

using Lock = std::lock_guard<std::recursive_mutex>;

thread_local int current = 0;

Stream* stream_at(cudaStream_t stream) {
  if (stream == nullptr) {
    std::fprintf(stderr, "simulated GPU: work on the default stream\n");
    std::abort();
  }
  return reinterpret_cast<Stream*>(stream);
}
Event* event_at(cudaEvent_t event) { return reinterpret_cast<Event*>(event); }

void complain(int number, siginfo_t* info, void*) {
  if (is_device_memory(info->si_addr)) {
    static const char text[] = "simulated GPU: the host touches memory of a device\n";
    [[maybe_unused]] const auto written = write(2, text, sizeof text - 1);
    void* frames[64];
    backtrace_symbols_fd(frames, backtrace(frames, 64), 2);
  }
  sigaction(number, &machine().previous, nullptr);  // and so it ends
}

}  // namespace

struct Graph {
  const Stream* origin = nullptr;
  std::thread::id owner;
  bool is_spoilt = false, has_ended = false;
  std::vector<Work> work;
  std::vector<cudaGraphNodeType> types;  // by piece of work
  std::set<void*> memory;                // that it takes; kept for its launches
  std::set<void*> taken;                 // and did not give back

  ~Graph() {
    for (void* data : memory) release(data);
  }
};

namespace {

thread_local std::shared_ptr<Graph> captured;  // by this thread
thread_local cudaError_t error = cudaSuccess;

void spoil(Graph& graph, cudaError_t status) {
  graph.is_spoilt = true;
  fail(status);
}

// False, with an error, for a stream of a spoilt capture.
bool may_record(const Stream& s) {
  if (!s.recording->is_spoilt) return true;
  fail(cudaErrorStreamCaptureInvalidated);
  return false;
}

void keep(Stream& s, Work work, cudaGraphNodeType type) {
  ++s.before[&s];
  s.recording->work.push_back(std::move(work));
  s.recording->types.push_back(type);
}

}  // namespace

int count() { return static_cast<int>(machine().devices.size()); }
int current_device() { return current; }
bool set_device(int device) {
  if (device < 0 || device >= count()) return false;
  current = device;
  return true;
}

void* allocate(size_t bytes) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  Device& d = m.devices[static_cast<size_t>(current)];
  bytes = (bytes + kAlign - 1) / kAlign * kAlign;
  if (d.used + bytes > m.total) {
    synchronize_all();  // what is to be released
    if (d.used + bytes > m.total) return nullptr;
  }
  size_t offset = 0;
  if (d.used == 0) {
    d.idle.clear();
    d.end = 0;
  }
  if (const auto it = d.idle.find(bytes); it != d.idle.end()) {
    offset = it->second;
    d.idle.erase(it);
  } else {
    offset = d.end;
    // A gap, so that what runs over the end of a block meets no other.
    d.end += bytes + kAlign;
  }
  d.used += bytes;
  std::byte* const data = d.memory + offset;
  d.blocks[data] = bytes;
  const Machine::Open scope(m);
  std::memset(data, 0xff, bytes);
  return data;
}

void release(void* data) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  Device& d = m.devices[static_cast<size_t>(device_of(data))];
  const auto it = d.blocks.find(data);
  if (it == d.blocks.end()) {
    std::fprintf(stderr, "simulated GPU: %p is released but was not allocated\n", data);
    std::abort();
  }
  const size_t bytes = it->second;
  d.blocks.erase(it);
  d.idle.emplace(bytes, static_cast<size_t>(static_cast<std::byte*>(data) - d.memory));
  d.used -= bytes;
  const Machine::Open scope(m);
  std::memset(data, 0xff, bytes);
}

bool is_device_memory(const void* data) {
  const Machine& m = machine();
  const auto* at = static_cast<const std::byte*>(data);
  return at >= m.base && at < m.base + m.pitch * m.devices.size();
}

int device_of(const void* data) {
  return static_cast<int>(
      static_cast<size_t>(static_cast<const std::byte*>(data) - machine().base) / machine().pitch);
}

bool is_host_memory(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  // Where Linux maps heaps, stacks and libraries.
  if (address < uintptr_t{0x5500'0000'0000} || address >= uintptr_t{0x8000'0000'0000}) return false;
  if (is_device_memory(data) || is_pinned(data)) return false;
  unsigned char state = 0;
  return mincore(reinterpret_cast<void*>(address / 4096 * 4096), 1, &state) == 0;
}

size_t total_bytes() { return machine().total; }
void set_total(size_t bytes) {
  const Lock lock(machine().mutex);
  machine().total = bytes;
}
size_t free_bytes() {
  Machine& m = machine();
  const Lock lock(m.mutex);
  const size_t used = m.devices[static_cast<size_t>(current)].used;
  return m.total - std::min(m.total, used);
}

void pin(void* data, size_t bytes) {
  const Lock lock(machine().mutex);
  machine().pinned[static_cast<const std::byte*>(data)] = bytes;
}
void unpin(void* data) {
  const Lock lock(machine().mutex);
  machine().pinned.erase(static_cast<const std::byte*>(data));
}
bool is_pinned(const void* data) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  const auto* at = static_cast<const std::byte*>(data);
  const auto it = m.pinned.upper_bound(at);
  if (it == m.pinned.begin()) return false;
  const auto& [start, bytes] = *std::prev(it);
  return at < start + bytes;
}

cudaStream_t make_stream() {
  Machine& m = machine();
  const Lock lock(m.mutex);
  m.streams.push_back(std::make_unique<Stream>());
  m.streams.back()->device = current;
  return reinterpret_cast<cudaStream_t>(m.streams.back().get());
}

cudaEvent_t make_event(bool is_timed) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  m.events.push_back(std::make_unique<Event>());
  m.events.back()->device = current;
  m.events.back()->is_timed = is_timed;
  return reinterpret_cast<cudaEvent_t>(m.events.back().get());
}

void issue(cudaStream_t stream, Work work) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  Stream& s = *stream_at(stream);
  if (s.recording != nullptr) {
    if (may_record(s)) keep(s, std::move(work), cudaGraphNodeTypeKernel);
    return;
  }
  ++m.launches;
  m.add(s, std::move(work));
}

void record(cudaEvent_t event, cudaStream_t stream) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  Stream& s = *stream_at(stream);
  if (event_at(event)->device != s.device) return fail(cudaErrorInvalidResourceHandle);
  auto ticket = std::make_shared<Ticket>();
  ticket->stream = &s;
  if (s.recording != nullptr && !may_record(s)) return;
  event_at(event)->last = ticket;
  if (s.recording != nullptr) {
    ticket->graph = s.recording;
    ticket->before = s.before;
    return;
  }
  m.add(s, [ticket] {
    ticket->seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  });
  ticket->number = s.issued;
}

void wait(cudaStream_t stream, cudaEvent_t event) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  Stream& s = *stream_at(stream);
  const std::shared_ptr<Ticket> ticket = event_at(event)->last;
  if (ticket == nullptr) return;
  if (ticket->graph != nullptr) {
    if (ticket->graph->has_ended) return fail(cudaErrorCapturedEvent);
    if (ticket->graph->is_spoilt) return fail(cudaErrorStreamCaptureInvalidated);
    if (s.recording != nullptr && s.recording != ticket->graph) {
      spoil(*s.recording, cudaErrorStreamCaptureMerge);
      return spoil(*ticket->graph, cudaErrorStreamCaptureMerge);
    }
    // It joins the graph.
    s.recording = ticket->graph;
    for (const auto& [stream, count] : ticket->before) {
      s.before[stream] = std::max(s.before[stream], count);
    }
    return;
  }
  if (s.recording != nullptr) return spoil(*s.recording, cudaErrorStreamCaptureIsolation);
  m.add(s, [&m, ticket] { m.run(*ticket->stream, ticket->number); });
}

void synchronize(cudaStream_t stream) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  Stream& s = *stream_at(stream);
  if (s.recording != nullptr) return spoil(*s.recording, cudaErrorStreamCaptureUnsupported);
  m.waits += s.done < s.issued;
  m.run(s, s.issued);
}

void synchronize(cudaEvent_t event) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  const std::shared_ptr<Ticket> ticket = event_at(event)->last;
  if (ticket == nullptr) return;
  if (ticket->graph != nullptr) return spoil(*ticket->graph, cudaErrorCapturedEvent);
  m.waits += ticket->stream->done < ticket->number;
  m.run(*ticket->stream, ticket->number);
}

void synchronize_all() {
  Machine& m = machine();
  const Lock lock(m.mutex);
  for (const auto& s : m.streams) {
    if (!s->is_running) m.run(*s, s->issued);
  }
}

int64_t waits() {
  const Lock lock(machine().mutex);
  return machine().waits;
}

bool is_done(cudaEvent_t event) {
  const Lock lock(machine().mutex);
  const auto& ticket = event_at(event)->last;
  if (ticket != nullptr && ticket->graph != nullptr) {
    spoil(*ticket->graph, cudaErrorCapturedEvent);
    return false;
  }
  return ticket == nullptr || ticket->stream->done >= ticket->number;
}

int64_t launches() {
  const Lock lock(machine().mutex);
  return machine().launches;
}

cudaError_t elapsed(cudaEvent_t begin, cudaEvent_t end, double* seconds) {
  const Lock lock(machine().mutex);
  const Event &from = *event_at(begin), &to = *event_at(end);
  for (const Event* event : {&from, &to}) {
    if (!event->is_timed || event->last == nullptr || event->device != from.device) {
      return cudaErrorInvalidResourceHandle;
    }
    if (event->last->stream->done < event->last->number) return cudaErrorNotReady;
  }
  *seconds = to.last->seconds - from.last->seconds;
  return cudaSuccess;
}

void fail(cudaError_t status) { error = status; }

cudaError_t last_error(bool is_taken) {
  return is_taken ? std::exchange(error, cudaSuccess) : error;
}

bool may_launch(const void* kernel, int64_t blocks, int threads, size_t shared) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  const auto allowed = m.shared.find(kernel);
  const size_t most = allowed == m.shared.end() ? size_t{48} << 10 : allowed->second;
  if (blocks >= 1 && blocks <= INT32_MAX && threads >= 1 && threads <= 1024 && shared <= most) {
    return true;
  }
  fail(cudaErrorInvalidConfiguration);
  return false;
}

bool may_get(const void* argument, size_t bytes) {
  for (size_t at = 0; at + sizeof(void*) <= bytes; at += sizeof(void*)) {
    const void* word = nullptr;
    std::memcpy(&word, static_cast<const char*>(argument) + at, sizeof word);
    if (!is_host_memory(word)) continue;
    std::fprintf(stderr, "simulated GPU: a kernel gets %p, which is memory of the host:\n", word);
    void* frames[64];
    backtrace_symbols_fd(frames, backtrace(frames, 64), 2);
    fail(cudaErrorIllegalAddress);
    return false;
  }
  return true;
}

void allow_shared(const void* kernel, size_t bytes) {
  const Lock lock(machine().mutex);
  machine().shared[kernel] = bytes;
}

bool begin_capture(cudaStream_t stream) {
  const Lock lock(machine().mutex);
  Stream& s = *stream_at(stream);
  if (s.recording != nullptr || captured != nullptr) return false;
  captured = s.recording = std::make_shared<Graph>();
  captured->origin = &s;
  captured->owner = std::this_thread::get_id();
  return true;
}

std::shared_ptr<Graph> end_capture(cudaStream_t stream) {
  Machine& m = machine();
  const Lock lock(m.mutex);
  Stream& origin = *stream_at(stream);
  const std::shared_ptr<Graph> graph = origin.recording;
  if (graph->owner != std::this_thread::get_id() || graph->origin != &origin) {
    spoil(*graph, graph->origin != &origin ? cudaErrorStreamCaptureUnmatched
                                           : cudaErrorStreamCaptureWrongThread);
    return nullptr;
  }
  bool is_joined = true;
  for (const auto& s : m.streams) {
    if (s->recording != graph) continue;
    const Stream* const each = s.get();
    is_joined = is_joined && origin.before[each] >= s->before[each];
  }
  for (const auto& s : m.streams) {
    if (s->recording != graph) continue;
    s->recording = nullptr;
    s->before.clear();
  }
  captured = nullptr;
  graph->has_ended = true;
  if (graph->is_spoilt || !is_joined) {
    fail(graph->is_spoilt ? cudaErrorStreamCaptureInvalidated : cudaErrorStreamCaptureUnjoined);
    return nullptr;
  }
  return graph;
}

bool is_capturing(cudaStream_t stream) {
  const Lock lock(machine().mutex);
  return stream_at(stream)->recording != nullptr;
}

// The work holds the graph: it may be destroyed while its launches wait.
void launch_graph(const std::shared_ptr<Graph>& graph, cudaStream_t stream) {
  issue(stream, [graph] {
    for (const Work& work : graph->work) work();
  });
}

const std::vector<cudaGraphNodeType>& types_of(const Graph& graph) { return graph.types; }

bool may_disturb() {
  if (captured == nullptr) return true;
  const Lock lock(machine().mutex);
  spoil(*captured, cudaErrorStreamCaptureUnsupported);
  return false;
}

bool may_hold(cudaStream_t stream) {
  const Lock lock(machine().mutex);
  const Stream& s = *stream_at(stream);
  if (s.recording == nullptr) return true;
  spoil(*s.recording, cudaErrorStreamCaptureUnsupported);
  return false;
}

void* allocate_in_graph(size_t bytes, cudaStream_t stream) {
  const Lock lock(machine().mutex);
  Stream& s = *stream_at(stream);
  if (!may_record(s)) return nullptr;
  void* const data = allocate(bytes);
  if (data == nullptr) return nullptr;
  s.recording->memory.insert(data);
  s.recording->taken.insert(data);
  keep(
      s, [=] { std::memset(data, 0xff, bytes); }, cudaGraphNodeTypeMemAlloc);
  return data;
}

void release_in_graph(void* data, cudaStream_t stream) {
  const Lock lock(machine().mutex);
  Stream& s = *stream_at(stream);
  if (!may_record(s)) return;
  // What was taken elsewhere could be given back once only.
  if (s.recording->taken.erase(data) == 0) return spoil(*s.recording, cudaErrorInvalidValue);
  const size_t bytes = machine().devices[static_cast<size_t>(device_of(data))].blocks.at(data);
  keep(
      s, [=] { std::memset(data, 0xff, bytes); }, cudaGraphNodeTypeMemFree);
}

}  // namespace lunops::simulated
