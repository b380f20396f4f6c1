// SPDX-License-Identifier: MIT
#include "runtime/plan/determinism.hpp"

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/batch.hpp"
#include "tests/unit/device/declared.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::Declared;
using test::tensor;
using test::values_of;

namespace {

std::vector<std::pair<int64_t, int64_t>> nodes(int64_t count, int64_t first, int64_t end) {
  std::vector<std::pair<int64_t, int64_t>> made;
  for (const Stretch& node : Leaves{1, count}.nodes({first, end - first})) {
    made.emplace_back(node.first, node.end());
  }
  return made;
}

using Nodes = std::vector<std::pair<int64_t, int64_t>>;

Linop row(const std::vector<c128>& values) {
  return Dense(tensor(fmt::format("m=1 n={}", values.size()), values, DType::f32), "n -> m");
}

}  // namespace

TEST_CASE("leaves: at most 64 of equal size, by the extent alone", "[batch]") {
  CHECK(Leaves::of(1) == Leaves{1, 1});
  CHECK(Leaves::of(0) == Leaves{1, 1});
  CHECK(Leaves::of(64) == Leaves{1, 64});
  CHECK(Leaves::of(65) == Leaves{2, 33});
  CHECK(Leaves::of(100) == Leaves{2, 50});
  CHECK(Leaves::of(402, 8) == Leaves{51, 8});
  CHECK(Leaves::of(3, 8) == Leaves{1, 3});
}

TEST_CASE("leaves: a range is made of the largest nodes within it", "[batch]") {
  CHECK(nodes(8, 0, 8) == Nodes{{0, 8}});
  CHECK(nodes(8, 0, 5) == Nodes{{0, 4}, {4, 5}});
  CHECK(nodes(8, 5, 8) == Nodes{{5, 6}, {6, 8}});
  CHECK(nodes(8, 3, 6) == Nodes{{3, 4}, {4, 6}});
  // A node reaches as far as there are leaves: (2, 1) of seven leaves has three of them.
  CHECK(nodes(7, 4, 7) == Nodes{{4, 7}});
  CHECK(nodes(7, 0, 7) == Nodes{{0, 7}});
  CHECK(nodes(5, 4, 5) == Nodes{{4, 5}});
}

TEST_CASE("leaves: tiles end where the nearest leaf does", "[batch]") {
  const NodeAxis made = nodes_of({Dim::parse("n"), 7}, {5, 4}, {0, 20});

  CHECK(made.axis.sizes == std::vector<int64_t>{5, 5, 5, 5});
  CHECK(made.tile == std::vector<int64_t>{0, 1, 1, 2});
  CHECK(made.is_moved);
  CHECK_FALSE(nodes_of({Dim::parse("n"), 10}, {5, 4}, {0, 20}).is_moved);
}

TEST_CASE("deterministic: pairs are added before pairs of pairs, in single precision", "[batch]") {
  const Declared declared(8);
  Context context;
  // 2^24 + 1 is no float: (2^24 + 1) + (1 + 1) = 2^24 + 2, and one after the other 2^24.
  const Linop a = row({16777216, 1, 1, 1});
  const Tensor x = tensor("n=4", {1, 1, 1, 1}, DType::f32);
  const Device other{DeviceKind::cpu, 1};

  for (const char* sizes : {"n=4", "n=1", "n=2", "n=3"}) {
    for (const bool is_placed : {false, true}) {
      BatchSpec spec{.axes = parse_axes("batch", sizes), .determinism = Determinism{}};
      if (is_placed) spec.devices.list = {Device{DeviceKind::cpu, 0}, other};
      CHECK(values_of(batch(a, {spec}, context)(x, context)).front() == c128(16777218));
    }
  }
}

TEST_CASE("deterministic: the dim that is chosen", "[batch]") {
  const auto dense = [](const char* shape, const char* text) {
    const auto count = static_cast<size_t>(Shape::parse(shape).count());
    return Dense(tensor(shape, std::vector<c128>(count, 1)), text);
  };
  const auto chosen = [](const Linop& a) {
    const auto found = reduction_dim(a, {}, {}, "batch");
    return found ? found->dim.text() : "none";
  };
  const Linop a = dense("m=2 n=3", "n -> m");

  CHECK(chosen(a) == "n");                                      // the input dim
  CHECK(chosen(a.N()) == "m");                                  // the inner dim
  CHECK(chosen(dense("coil=2 y=3", "y -> coil y")) == "coil");  // for the adjoint's sake
  CHECK(chosen(FFT("y=4 x=4")) == "none");
  CHECK_THROWS_WITH(reduction_dim(a, {Dim::parse("k")}, {}, "batch"),
                    Catch::Contains("no dim 'k' in Dense"));
}
