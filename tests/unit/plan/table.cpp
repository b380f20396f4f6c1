// SPDX-License-Identifier: MIT

#include <catch2/catch.hpp>

#include "runtime/device/arena.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;

namespace {

Linop unfusable(int nodes, Context& context) {
  std::vector<Linop> factors;
  for (int i = 0; i < nodes; ++i) {
    factors.push_back(
        Dense(randn(Shape::parse("n'=16 n=16"), DType::c64, static_cast<uint64_t>(i), context),
              "n' n, n -> n'"));
  }
  return Chain(factors);
}

}  // namespace

TEST_CASE("plan: a second application into a given output takes nothing from the pool", "[plan]") {
  Context context;
  const Linop a = unfusable(4, context);
  const Tensor x = randn(Shape::parse("coil=3 n=16"), DType::c64, 9, context);
  const Tensor y = a(x, context);
  const Tensor turned =
      randn(Shape::parse("n=16 coil=3"), DType::c64, 9, context).permute("coil n");
  a.apply(x, turned, {}, context);
  const auto before = Pool::of(Device::host()).figures();

  a.apply(x, y, {}, context);
  a.apply(x, y, {2.0, 1.0}, context);
  a.apply(x, turned, {}, context);

  CHECK(Pool::of(Device::host()).figures().allocations == before.allocations);
  const Tensor z = a(x, context);
  CHECK(Pool::of(Device::host()).figures().allocations == before.allocations + 1);
}

TEST_CASE("plan: extents of the result that A does not know are those of a given output",
          "[plan]") {
  Context context;
  const Linop repeat = SumReduce("c x -> x").H();
  const Tensor x = test::tensor("x=2", {1, 2});
  const auto into = [&](const std::string& shape) {
    const Tensor y = zeros(Shape::parse(shape), DType::c64, context);
    repeat.apply(x, y, {}, context);
    return test::values_of(y);
  };
  const auto into_blocks = [&](const std::string& shape) {
    BlocksOptions options;
    options.block = {{"x", 3}};
    options.stride = {{"x", 2}};
    const Linop sum = ArrayToBlocks("x -> i k", options).H();
    const Tensor y = zeros(Shape::parse(shape), DType::c64, context);
    sum.apply(zeros(Shape::parse("i=2 k=3"), DType::c64, context), y, {}, context);
  };

  CHECK(into("c=3 x=2") == std::vector<c128>{1, 2, 1, 2, 1, 2});
  CHECK(into("c=1 x=2") == std::vector<c128>{1, 2});
  CHECK_THROWS_WITH(repeat(x, context),
                    "SumReduce.H: extent of 'c' is unknown; give extent = {c = …}");
  CHECK_THROWS_WITH(into("x=2 c=3"), "apply: out is {x=2, c=3} but the result is {c=2, x=2}");
  CHECK_NOTHROW(into_blocks("x=6"));
  CHECK_THROWS_WITH(into_blocks("x=7"),
                    "apply: out is {x=7}, which ArrayToBlocks.H does not make of {i=2, k=3}");
}

TEST_CASE("plan: the table keeps the eight shapes last used", "[plan]") {
  Context context;
  const Linop a = unfusable(1, context);

  for (int n = 1; n <= 20; ++n) {
    const Shape shape = Shape::parse("c=" + std::to_string(n) + " n=16");
    a(randn(shape, DType::c64, 1, context), context);
  }

  CHECK(a.core()->plans().size() == 8);
}

TEST_CASE("plan: prepare plans once, and says how long it took", "[plan]") {
  Context context;
  const Linop a = unfusable(2, context);
  const Tensor x = randn(Shape::parse("n=16"), DType::c64, 1, context);

  CHECK(prepare(a, x, context, 5) > 0.0);
  CHECK(prepare(a, x, context, 5) == 0.0);
}

TEST_CASE("plan: choices made for another number of applications are made anew", "[plan]") {
  Context context;
  const Tensor k = rand(Shape::parse("s=4000 d=2"), DType::f64, 1, context);
  NUFFTOptions o{{.extent = {{"y", 16}, {"x", 16}}}};
  o.units = "cycles";
  const Linop a = NUFFT(k, "y x -> s", o).N();
  const Tensor x = randn(Shape::parse("y=16 x=16"), DType::c64, 1, context);
  const auto chosen = [&] {
    return a.core()->plans().get(a.node(), x, nullptr, context)->choices().front().chosen;
  };

  prepare(a, x, context, 1);
  const std::string once = chosen();
  prepare(a, x, context, 1000);

  CHECK(once == "gridding");
  CHECK(chosen() == "Toeplitz");
  CHECK(a.core()->plans().size() == 1);
  CHECK(prepare(a, x, context, 1000) == 0.0);
}

TEST_CASE("plan: operators that are built, applied and dropped leave nothing behind", "[plan]") {
  Context context;
  const Tensor x = randn(Shape::parse("n=16"), DType::c64, 1, context);
  const Tensor w = randn(Shape::parse("m=4 n=16"), DType::c64, 2, context);
  const auto once = [&] {
    const Linop a = Dense(w, "m n, n -> m");
    const Linop m = a.N() + 0.5 * Identity();
    m(x, context);
    m.H()(x, context);
    a.N().N();
  };
  once();
  const int64_t cores = live_cores();
  const size_t live = Pool::of(Device::host()).figures().live;

  for (int i = 0; i < 10000; ++i) once();

  CHECK(live_cores() == cores);
  CHECK(Pool::of(Device::host()).figures().live == live);
}

TEST_CASE("plan: a raised cancel flag stops between steps", "[plan]") {
  Context context;
  const Linop a = unfusable(3, context);
  const Tensor x = randn(Shape::parse("n=16"), DType::c64, 1, context);
  std::atomic<bool> cancel{true};
  context.cancel = &cancel;

  CHECK_THROWS_AS(a(x, context), Error);
  cancel = false;
  CHECK_NOTHROW(a(x, context));
}

TEST_CASE("plan: weights of the other precision are rounded once", "[plan]") {
  Context context;
  const Linop d = Diagonal(rand(Shape::parse("n=16"), DType::f64, 1, context));
  const Tensor x = randn(Shape::parse("n=16"), DType::c64, 1, context);
  const Tensor batch = randn(Shape::parse("c=2 n=16"), DType::c64, 1, context);
  d(x, context);
  const Tensor y = d(batch, context);
  const auto before = Pool::of(Device::host()).figures();

  d.T()(batch, context);

  CHECK(Pool::of(Device::host()).figures().allocations == before.allocations + 1);
}

TEST_CASE("plan: framework cost of a chain of eight nodes on sixteen elements", "[.][overhead]") {
  Context context;
  const Linop a = unfusable(8, context);
  const Tensor x = randn(Shape::parse("n=16"), DType::c64, 1, context);
  const Tensor y = a(x, context);
  const Linop one = unfusable(1, context);
  const Tensor z = one(x, context);

  const auto time = [&](const Linop& op, const Tensor& out) {
    double best = 1;
    for (int r = 0; r < 20; ++r) {
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < 1000; ++i) op.apply(x, out, {}, context);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      best = std::min(best, took.count() / 1000);
    }
    return best * 1e6;
  };
  const double eight = time(a, y), single = time(one, z);
  WARN("eight nodes " << eight << " us, one node " << single << " us");

  CHECK(eight / 8 < 2.0);
}
