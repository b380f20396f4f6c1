// SPDX-License-Identifier: MIT
#include "runtime/device/cores.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include "runtime/core/error.hpp"

namespace lunops {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The folder of this process's cgroup (version 2) and all its parents, innermost first; limits of
// any of them hold.  Inside a container the root is often all there is.
template <class F>
void for_each_cgroup(const F& f) {
  std::ifstream file("/proc/self/cgroup");
  std::string line, path;
  while (std::getline(file, line)) {
    if (line.rfind("0::", 0) == 0) path = line.substr(3);
  }
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    f("/sys/fs/cgroup" + path);
    if (path.empty()) return;
    path.erase(path.rfind('/'));
  }
}

}  // namespace

int cores_of_quota(std::string_view cpu_max) {
  const size_t space = cpu_max.find(' ');
  if (space == std::string_view::npos) return 0;
  const auto quota = number(cpu_max.substr(0, space));
  const auto period = number(cpu_max.substr(space + 1));
  if (!quota || !period || *quota <= 0 || *period <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((*quota + *period - 1) / *period, 4096));
}

int usable_cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  int cores = 0;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    std::set<std::string> siblings;  // one entry per physical core
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &mask)) continue;
      const std::string line = first_line(
          fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
      siblings.insert(line.empty() ? std::to_string(cpu) : line);
    }
    cores = static_cast<int>(siblings.size());
  }
  if (cores == 0) cores = static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));

  for_each_cgroup([&](const std::string& folder) {
    const int quota = cores_of_quota(first_line(folder + "/cpu.max"));
    if (quota > 0) cores = std::min(cores, quota);
  });
  // Version 1 keeps the two numbers in files of their own.
  const int quota = cores_of_quota(first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + " " +
                                   first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
  if (quota > 0) cores = std::min(cores, quota);
  return std::max(cores, 1);
}

int default_threads() {
  if (const char* text = std::getenv("LUNOPS_THREADS"); text != nullptr && *text != '\0') {
    const auto threads = number(text);
    if (!threads || *threads < 1 || *threads > 4096) {
      fail(Code::argument, "threads",
           "LUNOPS_THREADS is '{}'; set it to a number from 1 to 4096 or unset it", text);
    }
    return static_cast<int>(*threads);
  }
  // A list ("8,2" for nested regions) belongs to OpenMP programs: its first entry counts, and
  // anything else in a variable that is not ours is ignored.
  if (const char* text = std::getenv("OMP_NUM_THREADS"); text != nullptr) {
    const std::string_view list(text);
    const auto threads = number(list.substr(0, list.find(',')));
    if (threads && *threads >= 1 && *threads <= 4096) return static_cast<int>(*threads);
  }
  return usable_cores();
}

size_t usable_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  size_t bytes = pages > 0 && page > 0 ? static_cast<size_t>(pages) * static_cast<size_t>(page)
                                       : size_t{4} << 30;
  const auto limit = [&](const std::string& path) {
    const auto value = number(first_line(path));
    if (value && *value > 0) bytes = std::min(bytes, static_cast<size_t>(*value));
  };
  for_each_cgroup([&](const std::string& folder) { limit(folder + "/memory.max"); });
  limit("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  return bytes;
}

}  // namespace lunops
