// SPDX-License-Identifier: MIT
// What threads share: plan tables, weights in other precisions, sorted points, Toeplitz kernels.
#include <thread>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::values_of;

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

// What four threads get that apply `a` at once, each through a handle mode of its own.
std::vector<std::vector<c128>> at_once(const std::vector<Linop>& modes,
                                       const std::vector<Tensor>& inputs) {
  std::vector<std::vector<c128>> results(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < results.size(); ++t) {
    threads.emplace_back([&, t] {
      Context own;
      const size_t i = t % modes.size();
      for (int round = 0; round < 3; ++round) results[t] = values_of(modes[i](inputs[i], own));
    });
  }
  for (std::thread& thread : threads) thread.join();
  return results;
}

}  // namespace

TEST_CASE("plan: four threads that apply one operator at once get the same bits",
          "[plan][threads]") {
  Context context;
  const Linop a = unfusable(5, context);
  const Tensor x = randn(Shape::parse("n=16"), DType::c64, 1, context);
  const auto expected = values_of(a(x, context));
  const Linop fresh = unfusable(5, context);
  std::vector<int> equal(4, 0);

  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Context own;
      for (int i = 0; i < 50; ++i) equal[t] += values_of(fresh(x, own)) == expected ? 1 : 0;
    });
  }
  for (std::thread& t : threads) t.join();

  CHECK(equal == std::vector<int>{50, 50, 50, 50});
}

TEST_CASE("plan: four threads share points, kernels and rounded weights of one NUFFT",
          "[plan][threads]") {
  Context context;
  const Tensor k = rand(Shape::parse("s=300 d=2"), DType::f64, 1, context);
  NUFFTOptions o{{.extent = {{"y", 12}, {"x", 13}}}};
  o.units = "cycles";
  o.toeplitz = Toeplitz::always;
  // In f64, so that the first plan for c64 rounds it.
  const Tensor w = rand(Shape::parse("s=300"), DType::f64, 2, context);
  const Tensor maps = randn(Shape::parse("coil=3 y=12 x=13"), DType::c64, 3, context);
  const auto make = [&] {
    const Linop a = NUFFT(k, "y x -> s", o) * Dense(maps, "y x -> coil y x");
    return std::vector<Linop>{a, a.H(), a.normal(Diagonal(w)), a.N()};
  };
  const Tensor x = randn(Shape::parse("y=12 x=13"), DType::c64, 4, context);
  const Tensor y = randn(Shape::parse("coil=3 s=300"), DType::c64, 5, context);
  const std::vector<Tensor> inputs{x, y, x, x};
  std::vector<std::vector<c128>> expected;
  const std::vector<Linop> alone = make();
  for (size_t i = 0; i < alone.size(); ++i) {
    expected.push_back(values_of(alone[i](inputs[i], context)));
  }

  CHECK(at_once(make(), inputs) == expected);
  const std::vector<Linop> weighted{make()[2]};
  CHECK(at_once(weighted, {x}) == std::vector<std::vector<c128>>(4, expected[2]));
}
