// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/core/shape.hpp"
#include "runtime/plan/schedule.hpp"
#include "runtime/tensor/tensor.hpp"

using namespace lunops;

namespace {

Operand array(Place place, int slot, std::vector<int64_t> extents) {
  Operand o;
  o.shape = Shape::unnamed(extents);
  o.strides = row_major(extents);
  o.place = place;
  o.slot = slot;
  return o;
}

std::unique_ptr<Step> move(const Operand& x, const Operand& y, int source, int device) {
  auto step = axpby_step(make_ref(x), false, make_ref(y), {});
  step->source = source;
  step->device = device;
  return step;
}

std::vector<Touch> touches(const Step& step, const std::vector<SlotPlace>& slots) {
  return touches_of(step, slots);
}

const Device kHost = Device::host(), kFirst{DeviceKind::cpu, 0}, kSecond{DeviceKind::cpu, 1};

}  // namespace

TEST_CASE("touches conflict where they share an element that one of them writes", "[plan]") {
  const Operand y = array(Place::output, -1, {4, 6, 5});
  const Operand x = array(Place::input, -1, {4, 6, 5});
  const auto touch = [&](const Operand& part) {
    static std::vector<std::unique_ptr<Step>> keep;
    Operand from = x;
    from.shape = part.shape;
    keep.push_back(move(from, part, -1, 0));
    return touches(*keep.back(), {}).at(1);
  };
  for (int dim = 0; dim < 3; ++dim) {
    const Touch first = touch(slice(y, dim, 0, 2)), second = touch(slice(y, dim, 2, 2)),
                both = touch(slice(y, dim, 1, 2));
    CAPTURE(dim);
    CHECK(first.writes);
    CHECK_FALSE(conflict(first, second));
    CHECK(conflict(first, both));
    CHECK(conflict(both, second));
  }
  // Slices of different dims meet, unless another dim keeps them apart.
  CHECK(conflict(touch(slice(y, 0, 0, 2)), touch(slice(y, 2, 3, 2))));
  CHECK_FALSE(conflict(touch(slice(slice(y, 0, 0, 2), 1, 0, 3)), touch(slice(y, 1, 3, 3))));
  // Reading the same is no conflict, and other places are elsewhere.
  const auto step = move(x, y, -1, 0);
  const std::vector<Touch> all = touches(*step, {});
  CHECK_FALSE(conflict(all[0], all[0]));
  CHECK_FALSE(conflict(all[0], all[1]));
}

TEST_CASE("slots that share memory conflict, those apart do not", "[plan]") {
  // Slots 0 and 1 overlap in bytes; 2 lies on the other device at the same offset.
  const std::vector<SlotPlace> slots{{0, 1, 64}, {32, 1, 64}, {0, 2, 64}};
  const Operand a = array(Place::slot, 0, {8}), b = array(Place::slot, 1, {8}),
                c = array(Place::slot, 2, {8});
  const Operand x = array(Place::input, -1, {8});
  const auto into_a = move(x, a, 0, 1), into_b = move(x, b, 0, 1), into_c = move(x, c, 0, 2);
  CHECK(conflict(touches(*into_a, slots)[1], touches(*into_b, slots)[1]));
  CHECK_FALSE(conflict(touches(*into_a, slots)[1], touches(*into_c, slots)[1]));
}

// Two tiles: x goes to each device, is scaled there, and comes back into its half of y.
static std::vector<std::unique_ptr<Step>> two_tiles() {
  const Operand x = array(Place::input, -1, {8}), y = array(Place::output, -1, {16});
  std::vector<std::unique_ptr<Step>> steps;
  for (int t = 0; t < 2; ++t) {
    const Operand there = array(Place::slot, 2 * t, {8}),
                  result = array(Place::slot, 2 * t + 1, {8});
    steps.push_back(move(x, there, 0, t + 1));
    steps.push_back(move(there, result, -1, t + 1));
    steps.push_back(move(result, slice(y, 0, 8 * t, 8), t + 1, 0));
  }
  return steps;
}
static const std::vector<SlotPlace> kTwoTiles{{0, 1, 64}, {64, 1, 64}, {0, 2, 64}, {64, 2, 64}};

TEST_CASE("a schedule waits for what a step needs and for nothing else", "[plan]") {
  const auto steps = two_tiles();
  const Schedule made = make_schedule(steps, kTwoTiles, {kHost, kFirst, kSecond});
  using Kind = Schedule::Queue::Kind;
  REQUIRE(made.queues.size() == 7);
  CHECK(made.queues[0].kind == Kind::caller);
  CHECK(made.queues[1] == Schedule::Queue{Kind::transfer, 1, 0});
  CHECK(made.queues[2] == Schedule::Queue{Kind::compute, 1, -1});
  CHECK(made.queues[3] == Schedule::Queue{Kind::transfer, 0, 1});
  const std::vector<std::vector<int>> waits{{Schedule::kStart}, {0}, {1},
                                            {Schedule::kStart}, {3}, {4}};
  for (size_t i = 0; i < 6; ++i) {
    CAPTURE(i);
    CHECK(made.entries[i].waits == waits[i]);
  }
  CHECK(made.last_waits == std::vector<int>{2, 5});
  CHECK(made.is_start_awaited);
  CHECK(made.entries[0].is_awaited);
  // One after another on each device, both devices at once.
  const Schedule::Times times = made.simulate({1, 10, 2, 1, 5, 2});
  CHECK(times.start == std::vector<double>{0, 1, 11, 0, 1, 6});
  CHECK(times.end == 13);
}

TEST_CASE("memory that is used again waits for its last reader", "[plan]") {
  // One device, one buffer: the second upload must wait for the first result to be made, and its
  // compute for the download of the first.
  auto steps = two_tiles();
  const std::vector<SlotPlace> shared{{0, 1, 64}, {64, 1, 64}, {0, 1, 64}, {64, 1, 64}};
  for (size_t i = 3; i < 6; ++i) {
    if (steps[i]->device == 2) steps[i]->device = 1;
    if (steps[i]->source == 2) steps[i]->source = 1;
  }
  Schedule made = make_schedule(steps, shared, {kHost, kFirst});
  CHECK(made.entries[3].waits == std::vector<int>{1});
  CHECK(made.entries[4].waits == std::vector<int>{2, 3});
  CHECK(made.simulate({1, 10, 2, 1, 5, 2}).end == 20);
  // Its waits can be planted out: the first is that of the first upload for the start.
  made.drop_wait(3);
  CHECK(made.entries[3].waits.empty());
}

TEST_CASE("a plan of the host alone has one queue", "[plan]") {
  std::vector<std::unique_ptr<Step>> steps;
  steps.push_back(move(array(Place::input, -1, {8}), array(Place::output, -1, {8}), -1, 0));
  const Schedule made = make_schedule(steps, {}, {kHost});
  CHECK(made.is_sequential());
  CHECK(made.simulate({3}).end == 3);
}
