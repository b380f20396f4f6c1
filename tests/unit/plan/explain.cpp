// SPDX-License-Identifier: MIT
#include "runtime/plan/explain.hpp"

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;

TEST_CASE("explain: costs and choices without allocating", "[plan]") {
  Context context;
  const Tensor k = rand(Shape::parse("spoke=20 sample=64 d=2"), DType::f64, 1, context);
  const Tensor maps = randn(Shape::parse("coil=4 y=32 x=32"), DType::c64, 2, context);
  const Linop f = NUFFT(k, "y x -> spoke sample");
  const Linop s = Dense(maps, "y x -> coil y x");
  const Linop a = f * s;
  const auto before = Pool::of(Device::host()).figures();

  const Explained e = explain(a.N(), Shape::parse("y=32 x=32"), DType::c64, context);
  const Explained forward = explain(a, Shape::parse("y=32 x=32"), DType::c64, context);

  CHECK(Pool::of(Device::host()).figures().allocations == before.allocations);
  CHECK(e.headline == "Normal  y=32 x=32 -> y=32 x=32   c64   base cpu");
  REQUIRE(e.choices.size() == 1);
  CHECK(e.choices[0].estimates.count("Toeplitz") == 1);
  CHECK(e.choices[0].estimates.count("gridding") == 1);
  CHECK(e.flops > 0);
  CHECK(e.bytes > 0);
  CHECK(e.seconds > 0);
  CHECK(forward.root.children.size() == 1);
  CHECK(forward.root.children[0].name.find("NUFFT") == 0);
  const std::string text = e.text();
  for (const char* part : {"rewritten: ", "gridding", "Toeplitz", "because", "planned in"}) {
    CHECK(text.find(part) != std::string::npos);
  }
}
