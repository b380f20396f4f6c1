// SPDX-License-Identifier: MIT
#include "runtime/device/timeline.hpp"

#include <thread>

#include <catch2/catch.hpp>

using namespace lunops;

namespace {

using Kind = TimelineNode::Kind;

const Device kHost, kOne{DeviceKind::cpu, 1}, kTwo{DeviceKind::cpu, 2};

TimelineNode event(Kind kind, const char* stream, int64_t number) {
  TimelineNode node;
  node.kind = kind;
  node.stream = stream;
  node.event = number;
  return node;
}
TimelineNode record(const char* stream, int64_t number) {
  return event(Kind::record, stream, number);
}
TimelineNode wait(const char* stream, int64_t number) { return event(Kind::wait, stream, number); }

TimelineNode work(Kind kind,
                  const char* stream,
                  Device device,
                  const char* label,
                  std::vector<TimelineNode::Access> accesses) {
  TimelineNode node;
  node.kind = kind;
  node.stream = stream;
  node.device = device;
  node.label = label;
  node.accesses = std::move(accesses);
  return node;
}

std::vector<std::string> faults_of(const Timeline& t) {
  std::vector<std::string> texts;
  for (const Timeline::Fault& fault : t.check()) texts.push_back(fault.text);
  return texts;
}

// x is uploaded to cpu:1, a tile reads it there and writes y, y comes back; `missing`: a wait that
// is left out.
Timeline& upload_and_compute(Timeline& t, int64_t missing) {
  const auto wait_for = [&](const char* stream, int64_t number) {
    if (number != missing) t.add(wait(stream, number));
  };
  t.add(record("cpu", 1));
  wait_for("cpu>1", 1);
  t.add(work(Kind::copy, "cpu>1", kOne, "x", {{kHost, 0, 64, false}, {kOne, 0, 64, true}}));
  t.add(record("cpu>1", 2));
  wait_for("cpu:1", 2);
  t.add(work(Kind::compute, "cpu:1", kOne, "FFT", {{kOne, 0, 64, false}, {kOne, 64, 128, true}}));
  t.add(record("cpu:1", 3));
  wait_for("1>cpu", 3);
  t.add(work(Kind::copy, "1>cpu", kHost, "y", {{kOne, 64, 128, false}, {kHost, 64, 128, true}}));
  t.add(record("1>cpu", 4));
  wait_for("cpu", 4);
  t.add(work(Kind::compute, "cpu", kHost, "add", {{kHost, 64, 128, false}}));
  return t;
}

}  // namespace

TEST_CASE("Timeline: work that waits for what it needs is without fault", "[pool][timeline]") {
  Timeline t;

  CHECK(faults_of(upload_and_compute(t, -1)).empty());
}

TEST_CASE("Timeline: a missing wait is found, with the bytes and both nodes", "[pool][timeline]") {
  Timeline t, u, v;

  CHECK(faults_of(upload_and_compute(t, 2)) ==
        std::vector<std::string>{
            "compute 'FFT' on cpu:1 (node 4) reads 64 bytes of cpu:1 at 0x0 and is not ordered "
            "after copy 'x' on cpu>1 (node 2), which writes them"});
  CHECK(t.check()[0].first == 2);
  CHECK(t.check()[0].second == 4);
  CHECK(t.check()[0].range.memory == kOne);
  CHECK(faults_of(upload_and_compute(u, 3)).size() == 1);
  // The host's buffer x is read only: without the first wait there is nothing to be too early for.
  CHECK(faults_of(upload_and_compute(v, 1)).empty());
}

TEST_CASE("Timeline: a write waits for earlier reads", "[pool][timeline]") {
  Timeline t;
  t.add(work(Kind::compute, "cpu:1", kOne, "A", {{kOne, 0, 100, true}}));
  t.add(record("cpu:1", 1));
  t.add(work(Kind::compute, "cpu:1", kOne, "B", {{kOne, 40, 60, false}}));
  t.add(wait("cpu>1", 1));
  t.add(work(Kind::copy, "cpu>1", kOne, "next", {{kOne, 50, 200, true}}));

  CHECK(faults_of(t) ==
        std::vector<std::string>{
            "copy 'next' on cpu>1 (node 4) writes 10 bytes of cpu:1 at 0x32 and is not ordered "
            "after compute 'B' on cpu:1 (node 2), which reads them"});
}

TEST_CASE("Timeline: a wait needs an earlier record", "[pool][timeline]") {
  Timeline t;
  t.add(wait("cpu:1", 7));
  t.add(record("cpu", 7));

  CHECK(faults_of(t) ==
        std::vector<std::string>{"wait on cpu:1 (node 0) waits for event 7, which was not recorded "
                                 "before"});
  CHECK(t.check()[0].first == -1);
}

TEST_CASE("Timeline: pieces of a strided access are apart, equal ones meet", "[pool][timeline]") {
  Timeline t, u;
  // Two columns of 8 bytes in rows of 16.
  t.add(work(Kind::copy, "0>cpu", kHost, "a", {{kHost, 0, 8, true, 100, 16}}));
  t.add(work(Kind::copy, "1>cpu", kHost, "b", {{kHost, 8, 16, true, 100, 16}}));
  u.add(work(Kind::copy, "0>cpu", kHost, "a", {{kHost, 0, 8, true, 100, 16}}));
  u.add(work(Kind::copy, "1>cpu", kHost, "b", {{kHost, 4, 12, true, 100, 16}}));

  CHECK(faults_of(t).empty());
  CHECK(faults_of(u) == std::vector<std::string>{
                            "copy 'b' on 1>cpu (node 1) writes 4 bytes of cpu at 0x4 and is "
                            "not ordered after copy 'a' on 0>cpu (node 0), which writes them"});
}

TEST_CASE("Timeline: order passes through events of events, memories are apart",
          "[pool][timeline]") {
  Timeline t;
  t.add(work(Kind::compute, "cpu:1", kOne, "A", {{kOne, 0, 8, true}}));
  t.add(record("cpu:1", 1));
  t.add(wait("1>2", 1));
  t.add(record("1>2", 2));
  t.add(wait("cpu:2", 2));
  t.add(work(Kind::compute, "cpu:2", kTwo, "B", {{kOne, 0, 8, false}, {kTwo, 0, 8, true}}));
  t.add(work(Kind::compute, "cpu", kHost, "C", {{kHost, 0, 8, true}}));

  CHECK(faults_of(t).empty());
}

TEST_CASE("Timeline: counts what a filter means", "[pool][timeline]") {
  Timeline t;
  upload_and_compute(t, -1);

  CHECK(t.count({}) == 12);
  CHECK(t.count({.kind = Kind::record}) == 4);
  CHECK(t.count({.kind = Kind::copy, .device = kOne}) == 1);
  CHECK(t.count({.source = kHost}) == 2);
  CHECK(t.count({.stream = "cpu:1"}) == 3);
  CHECK(t.count({.label = "FFT"}) == 1);
  CHECK(t.count({.event = 2}) == 2);
}

TEST_CASE("Timeline: overlap is the common time over the shorter of the two", "[pool][timeline]") {
  Timeline t;
  const auto add = [&](Kind kind, double start, double stop) {
    t.set_times(t.add(work(kind, "s", kOne, "", {})), start, stop);
  };
  add(Kind::copy, 0, 4);
  add(Kind::copy, 3, 5);  // 0 … 5 with the first
  add(Kind::compute, 4, 6);
  add(Kind::compute, 8, 10);
  const TimelineFilter copies{.kind = Kind::copy}, compute{.kind = Kind::compute};

  CHECK(t.overlap(copies, compute) == Approx(0.25));
  CHECK(t.overlap(compute, compute) == Approx(1));
  CHECK(t.overlap(copies, {.kind = Kind::host}) == 0);
}

TEST_CASE("Timeline: nodes may be added by several threads", "[pool][timeline]") {
  Timeline t;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string stream = "cpu:" + std::to_string(i);
      for (int k = 0; k < 250; ++k) t.set_times(t.add(record(stream.c_str(), k)), k, k);
    });
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(t.count({.kind = Kind::record}) == 1000);
  CHECK(t.count({.stream = "cpu:3"}) == 250);
}

TEST_CASE("Timeline: text draws streams as rows over time", "[timeline]") {
  Timeline t;
  const auto add = [&](TimelineNode node, double start, double stop) {
    node.start = start;
    node.stop = stop;
    t.add(std::move(node));
  };
  const double ms = 1e-3;
  TimelineNode tile = work(Kind::compute, "cpu:1", kOne, "Sleep", {});
  tile.tile = "coil=1..2";

  add(record("cpu", 1), 0, 0);
  add(wait("cpu>1", 1), 0, 0);
  add(work(Kind::copy, "cpu>1", kOne, "x", {}), 0, 5 * ms);
  add(record("cpu>1", 2), 5 * ms, 5 * ms);
  add(wait("cpu:1", 2), 5 * ms, 5 * ms);
  add(tile, 5 * ms, 20 * ms);
  add(wait("cpu", 3), 20 * ms, 20 * ms);
  add(work(Kind::host, "cpu", kHost, "+1", {}), 20 * ms, 30 * ms);

  CHECK(Timeline().text() == "nothing was issued");
  CHECK(t.text() ==
        "t [ms]            0         5         10        15        20        25        30\n"
        "cpu    record     E1\n"
        "cpu>1  wait,copy  [x→1     ]E2\n"
        "cpu:1  wait,comp            [coil=1..2                   ]\n"
        "cpu    wait,host                                          [+1                ]");
}
