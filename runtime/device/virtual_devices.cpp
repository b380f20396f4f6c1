// SPDX-License-Identifier: MIT
#include "runtime/device/virtual_devices.hpp"

#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

#include "runtime/core/byte_size.hpp"
#include "runtime/core/error.hpp"

namespace lunops {

namespace {

constexpr std::string_view kOperation = "virtual_devices";
constexpr int kMost = 1024;

struct Declared {
  std::mutex mutex;
  std::shared_ptr<const VirtualDevices> now;
  std::atomic<int> cpu{-1};  // of `now`; -1 before its first use: asked for at every allocation
};

Declared& declared() {
  static Declared* const all =
      new Declared;  // leaked: worker threads may ask while the process ends
  return *all;
}

void check(const VirtualDevices& v) {
  for (const auto& [name, count] : {std::pair("cpu", v.cpu), std::pair("cuda", v.cuda)}) {
    if (count >= 0 && count <= kMost) continue;
    fail(Code::argument, kOperation, "{} = {} is not a number of devices from 0 to {}", name, count,
         kMost);
  }
  const auto is_positive = [](double x) { return std::isfinite(x) && x > 0; };
  if (!is_positive(v.link_bandwidth)) {
    fail(Code::argument, kOperation, "a link of {} bytes per second carries nothing",
         v.link_bandwidth);
  }
  if (!std::isfinite(v.link_latency) || v.link_latency < 0) {
    fail(Code::argument, kOperation, "the latency of a link is {} s; give 0 or more",
         v.link_latency);
  }
  for (const double speed : v.speed) {
    if (!is_positive(speed)) {
      fail(Code::argument, kOperation, "a device of speed {} computes nothing", speed);
    }
  }
  if (std::ssize(v.speed) > v.cpu) {
    fail(Code::argument, kOperation, "{} speeds are given for {} devices", v.speed.size(), v.cpu);
  }
}

void hold(Declared& all, VirtualDevices devices) {
  if (const char* peer = std::getenv("LUNOPS_PEER");
      peer != nullptr && std::string_view(peer) == "0")
    devices.peer = false;
  all.now = std::make_shared<const VirtualDevices>(std::move(devices));
  all.cpu.store(all.now->cpu, std::memory_order_release);
}

bool parse_switch(std::string_view name, std::string_view value) {
  if (value == "0" || value == "1") return value == "1";
  fail(Code::argument, kOperation, "{}={} is no switch; write {}=0 or {}=1", name, value, name,
       name);
}

}  // namespace

VirtualDevices VirtualDevices::parse(std::string_view text) {
  VirtualDevices v;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    const size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
    if (name == "cpu" || name == "cuda") {
      int& count = name == "cpu" ? v.cpu : v.cuda;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
      if (error != std::errc() || end != value.data() + value.size()) {
        fail(Code::argument, kOperation, "{}={} is no number of devices", name, value);
      }
    } else if (name == "memory") {
      v.memory = parse_byte_size(value, kOperation);
    } else if (name == "peer") {
      v.peer = parse_switch(name, value);
    } else if (name == "clock") {
      v.clock = parse_switch(name, value);
    } else {
      fail(Code::argument, kOperation,
           "'{}' is not known; LUNOPS_VIRTUAL_DEVICES looks like "
           "cpu=4,cuda=2,memory=64MB,peer=0,clock=1",
           part);
    }
  }
  check(v);
  return v;
}

std::shared_ptr<const VirtualDevices> virtual_devices() {
  Declared& all = declared();
  const std::lock_guard lock(all.mutex);
  if (all.now == nullptr) {
    const char* text = std::getenv("LUNOPS_VIRTUAL_DEVICES");
    hold(all, text == nullptr ? VirtualDevices() : VirtualDevices::parse(text));
  }
  return all.now;
}

void declare_virtual_devices(VirtualDevices devices) {
  check(devices);
  Declared& all = declared();
  const std::lock_guard lock(all.mutex);
  hold(all, std::move(devices));
}

bool is_declared(Device device) {
  if (device.kind != DeviceKind::cpu || device.is_host()) return true;
  const int cpu = declared().cpu.load(std::memory_order_acquire);
  return device.index < (cpu >= 0 ? cpu : virtual_devices()->cpu);
}

void require_declared(Device device) {
  if (is_declared(device)) return;
  const int cpu = virtual_devices()->cpu;
  fail(Code::device, "device",
       "there is no {}; {} virtual device{} declared: lo.virtual_devices{{ cpu = {} }}",
       device.text(), cpu == 0 ? "no" : std::to_string(cpu), cpu == 1 ? " is" : "s are",
       device.index + 1);
}

}  // namespace lunops
