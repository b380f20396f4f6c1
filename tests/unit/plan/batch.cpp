// SPDX-License-Identifier: MIT
#include "runtime/plan/batch.hpp"

#include <catch2/catch.hpp>

#include "runtime/device/pool.hpp"
#include "runtime/linop/operators.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::Declared;
using test::error_of;
using test::tensor;
using test::values_of;

namespace {

Device at(int index) { return {DeviceKind::cpu, static_cast<int16_t>(index)}; }

// [1 2; 3 4] x
Linop square() { return Dense(tensor("m=2 n=2", {1, 2, 3, 4}), "n -> m"); }

BatchSpec on(const char* sizes, std::vector<Device> devices) {
  return {.axes = parse_axes("batch", sizes), .devices = {.list = std::move(devices)}};
}

}  // namespace

TEST_CASE("batch: tiles on two devices, joined and added", "[batch]") {
  const Declared declared(8);
  Context context;
  const Tensor x = tensor("n=2", {1, 10});

  const Linop joined = batch(square(), {on("m=1", {at(0), at(1)})}, context);
  const Linop added = batch(square(), {on("n=1", {at(0), at(1)})}, context);

  CHECK(values_of(joined(x, context)) == std::vector<c128>{21, 43});
  CHECK(values_of(added(x, context)) == std::vector<c128>{21, 43});
  CHECK(joined(x, context).device() == Device::host());
  // [1 3; 2 4] [21; 43]
  CHECK(values_of(joined.N()(x, context)) == std::vector<c128>{150, 214});
  CHECK(values_of(added.N()(x, context)) == std::vector<c128>{150, 214});
  const auto devices_in = [](const Linop& a) {
    std::vector<std::string> names;
    const Tiles tiles = tiles_of(a).value();
    for (const SplitTile& t : tiles.tiles) names.push_back(t.device->text());
    return names;
  };
  CHECK(devices_in(joined) == std::vector<std::string>{"cpu:0", "cpu:1"});
  CHECK(devices_in(joined.H()) == std::vector<std::string>{"cpu:0", "cpu:1"});
  CHECK(devices_in(joined.N()) == std::vector<std::string>{"cpu:0", "cpu:1"});
}

TEST_CASE("batch: what is printed is the nested Concat and Add, with devices", "[batch]") {
  const Declared declared(8);
  Context context;
  const Linop b = batch(square(), {on("n=1", {at(0)}), on("m=1", {at(0), at(1)})}, context);

  CHECK(b.tree(20) ==
        "Tiled c64 cpu  {n=2} -> {m=2}\n"
        "└─ Concat over n        added\n"
        "   ├─ Tiled             {n} -> {m}  2 tiles along m, joined; base cpu:0, cpu:0\n"
        "   │  └─ Concat over m  joined\n"
        "   │     ├─ Dense       {n} -> {m}  weight 8 bytes, cpu:0\n"
        "   │     └─ Dense       {n} -> {m}  weight 8 bytes, cpu:1\n"
        "   └─ Tiled             {n} -> {m}  2 tiles along m, joined; base cpu:0, cpu:0\n"
        "      └─ Concat over m  joined\n"
        "         ├─ Dense       {n} -> {m}  weight 8 bytes, cpu:0\n"
        "         └─ Dense       {n} -> {m}  weight 8 bytes, cpu:1");
  CHECK(batch(square(), parse_axes("batch", "n=1 m=1")).tree(20) ==
        "Tiled c64 cpu  {n=2} -> {m=2}\n"
        "└─ Concat over n     added\n"
        "   ├─ Concat over m  joined\n"
        "   │  ├─ Dense       {n} -> {m}  weight 8 bytes\n"
        "   │  └─ Dense       {n} -> {m}  weight 8 bytes\n"
        "   └─ Concat over m  joined\n"
        "      ├─ Dense       {n} -> {m}  weight 8 bytes\n"
        "      └─ Dense       {n} -> {m}  weight 8 bytes");
}

TEST_CASE("batch: copies of weights go with their last user", "[batch]") {
  const Declared declared(8);
  Context context;
  const size_t before = live_weight_copies();
  const Linop a = square();
  {
    const Linop b = batch(a, {on("m=1", {at(0), at(1)})}, context);
    const Linop c = batch(a, {on("m=1", {at(0), at(1)})}, context);
    const Linop whole = batch(a, {on("m=2", {at(0)})}, context);

    CHECK(live_weight_copies() == before + 3);
    CHECK(b == c);
    CHECK(b.children()[0].core()->weights()[0] == c.children()[0].core()->weights()[0]);
    CHECK(b.children()[0].device() == at(0));
  }
  CHECK(live_weight_copies() == before);
}

TEST_CASE("batch: a part of a placed tile has a copy of its own elements only", "[batch]") {
  const Declared declared(8);
  Context context;
  const Linop a = Dense(zeros(Shape::parse("m=100 n=10"), DType::f32, context), "n -> m");
  const size_t before = Pool::of(at(6)).figures().live;
  const Linop b = batch(a, {on("m=50", {at(6)})}, context);
  const Tiles tiles = split(b.children()[0], parse_axes("split", "n=5"));
  const Linop& part = tiles.tiles[0].op;
  const Tensor x = zeros(Shape::parse("n=5"), DType::f32, context).to(at(6), context);
  const size_t with_x = Pool::of(at(6)).figures().live - before;

  const Tensor y = part(x, context);

  CHECK(y.device() == at(6));
  const size_t added = Pool::of(at(6)).figures().live - before - with_x;
  CHECK(added >= 50 * 5 * 4 + 50 * 4);
  CHECK(added < 50 * 10 * 4);
}

TEST_CASE("device matrix: depths and lengths", "[batch]") {
  using Nested = DeviceMatrix::Nested;
  const Nested one{at(1)}, two{at(2)};

  CHECK(DeviceMatrix(Nested{{}, {one, two}}).at({0, 3}) == at(2));
  CHECK(DeviceMatrix(Nested{{}, {{{}, {one}}, {{}, {two}}}}).at({3, 5}) == at(2));
  CHECK(DeviceMatrix(one).at({3, 5}) == at(1));
  CHECK(error_of([&] {
          DeviceMatrix(Nested{{}, {one, {{}, {two}}}});
        }) ==
        "batch: device_matrix is ragged: along axis 2 one list has one device and another 1; give "
        "lists of equal lengths");
  CHECK(error_of([&] {
          DeviceMatrix(Nested{{}, {{{}, {one}}, two}});
        }) ==
        "batch: device_matrix is ragged: along axis 2 one list has 1 and another is one device; "
        "give lists of equal lengths");
}

TEST_CASE("placement: each kind of axis, and its adjoint", "[batch]") {
  Context context;
  const Linop a =
      Dense(zeros(Shape::parse("b=2 m=2 n=2"), DType::c64, context), "b m n, b n -> b m");
  const auto text = [](const Linop& op) {
    std::string made;
    for (const AxisPlacement& p : placement_of(op)) {
      made += fmt::format("{} {}>{}  ", p.axis.text(), p.input.text(), p.output.text());
    }
    return made;
  };
  const Linop b = batch(a, parse_axes("batch", "b=1 m=1 n=1"));

  CHECK(text(b) == "b shard b>shard b  m replicate>shard m  n shard n>partial  ");
  CHECK(text(b.H()) == "b shard b>shard b  m shard m>partial  n replicate>shard n  ");
  CHECK(text(batch(a.N(), parse_axes("batch", "m=1"))) == "m replicate>partial  ");
  CHECK(text(a).empty());
}
