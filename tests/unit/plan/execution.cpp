// SPDX-License-Identifier: MIT
// Plans whose steps run at once on the queues of several virtual devices.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "runtime/device/timeline.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::values_of;

namespace {

const Device kHost = Device::host();
Device device(int i) { return {DeviceKind::cpu, static_cast<int16_t>(i)}; }

// A sum over devices: x goes to each, is weighted and delayed there, and comes back.
Linop over_devices(int devices, double seconds, Context& context) {
  std::vector<Linop> children;
  for (int d = 0; d < devices; ++d) {
    const Tensor w =
        randn(Shape::parse("x=64"), DType::c128, static_cast<uint64_t>(d + 1), context);
    const Linop there = Diagonal(w).to(device(d), context);
    children.push_back(ToDevice(device(d), kHost) * Sleep(seconds, "...") * there *
                       ToDevice(kHost, device(d)));
  }
  return Add(children);
}

Tensor input(Context& context) { return randn(Shape::parse("x=64"), DType::c128, 7, context); }

}  // namespace

TEST_CASE("children on several devices run at once and give the same bits each time",
          "[plan][threads]") {
  const test::Declared devices(4);
  Context context;
  const Linop a = over_devices(4, 0.001, context);
  const Tensor x = input(context);
  const auto first = values_of(a(x, context));

  Tensor sum = a.children().front()(x, context);
  for (size_t i = 1; i < 4; ++i)
    sum = binary(Binary::add, sum, a.children()[i](x, context), context);
  const auto expected = values_of(sum);

  for (int run = 0; run < 50; ++run) REQUIRE(values_of(a(x, context)) == first);
  for (size_t i = 0; i < first.size(); ++i) CHECK(std::abs(first[i] - expected[i]) < 1e-14);
}

TEST_CASE("a timeline shows transfers and compute of devices that overlap, in good order",
          "[plan][threads]") {
  VirtualDevices given;
  given.cpu = 2;
  given.clock = true;
  given.link_latency = 1e-3;
  given.link_bandwidth = 1e15;
  const test::Declared devices(given);
  Context context;
  const Linop a = over_devices(2, 0.01, context);
  const Tensor x = input(context);
  Timeline timeline;
  context.timeline = &timeline;
  a(x, context);

  using Kind = TimelineNode::Kind;
  CHECK(timeline.check().empty());
  TimelineFilter compute;
  compute.kind = Kind::compute;
  compute.device = device(0);
  TimelineFilter other = compute;
  other.device = device(1);
  CHECK(timeline.overlap(compute, other) > 0.99);
  double end = 0;
  for (const TimelineNode& node : timeline.nodes()) end = std::max(end, node.stop);
  // A copy to the device, the sleep, a copy back; sums of 64 numbers take next to nothing.
  CHECK(end == Approx(0.012).epsilon(0.01));
}

// Not among the threads' tests: without the wait there is a race, as ThreadSanitizer would say too.
TEST_CASE("a wait that is left out is found, with the buffer and both nodes", "[plan]") {
  const test::Declared devices(2);
  Context context;
  const Linop a = over_devices(2, 0, context);
  const Tensor x = input(context);
  int faults = 0, waits = 0;
  const auto whole = make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context, {});
  for (const Schedule::Entry& e : whole->schedule().entries) {
    waits += static_cast<int>(e.waits.size());
  }
  for (int n = 0; n < waits; ++n) {
    PlanOptions options;
    options.dropped_wait = n;
    Timeline timeline;
    context.timeline = &timeline;
    apply_planned(a, x, context, options);
    const auto found = timeline.check();
    faults += found.empty() ? 0 : 1;
    const auto nodes = timeline.nodes();
    for (const Timeline::Fault& fault : found) {  // both nodes, and bytes that both touch
      REQUIRE(fault.first >= 0);
      REQUIRE(fault.second > fault.first);
      for (const int64_t number : {fault.first, fault.second}) {
        const auto& accesses = nodes[static_cast<size_t>(number)].accesses;
        CHECK(std::any_of(accesses.begin(), accesses.end(), [&](const auto& each) {
          const uintptr_t last = each.last + static_cast<uintptr_t>(each.repeats - 1) * each.stride;
          return each.memory == fault.range.memory && each.first < fault.range.last &&
                 fault.range.first < last;
        }));
        CHECK(fault.text.find(fmt::format("(node {})", number)) != std::string::npos);
      }
      CHECK(fault.text.find(
                fmt::format("{} bytes of {} at {:#x}", fault.range.last - fault.range.first,
                            fault.range.memory.text(), fault.range.first)) != std::string::npos);
    }
  }
  CHECK(waits >= 6);
  CHECK(faults == waits);
}

TEST_CASE("an error on one device ends the application, and the next one works",
          "[plan][threads]") {
  const test::Declared devices(4);
  Context context;
  std::atomic<bool> fails{true};
  CustomFunctions functions;
  functions.apply = [&](const Tensor& x, Context&) -> Tensor {
    if (fails) fail(Code::numeric, "warp", "diverged");
    return x;
  };
  functions.adjoint = functions.apply;
  std::vector<Linop> children;
  for (int d = 0; d < 4; ++d) {
    const Linop own = d == 2 ? Custom("x=64 -> x=64", functions) : Sleep(0.002, "...");
    children.push_back(ToDevice(device(d), kHost) * own * ToDevice(kHost, device(d)));
  }
  const Linop a = Add(children);
  const Tensor x = input(context);

  CHECK(error_of([&] { a(x, context); }) == "warp: diverged");
  fails = false;
  CHECK(values_of(a(x, context))[3] == 4.0 * values_of(x)[3]);
}

TEST_CASE("an interrupt ends an application on several devices", "[plan][threads]") {
  const test::Declared devices(2);
  Context context;
  std::atomic<bool> cancel{false};
  context.cancel = &cancel;
  const Linop a = over_devices(2, 5.0, context);
  const Tensor x = input(context);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel = true;
  });
  const auto start = std::chrono::steady_clock::now();
  CHECK(error_of([&] { a(x, context); }) == "interrupt: stopped on request");
  later.join();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
}
