// SPDX-License-Identifier: MIT
#include <random>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/plan/rewrite/rules.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;

namespace {

Tensor random(const char* shape, uint64_t seed = 1) {
  Context context;
  return randn(Shape::parse(shape), DType::c128, seed, context);
}

// A chain of operators n -> n, some of which undo, repeat or contain others.
Linop random_chain(std::mt19937& draw, int depth) {
  const auto below = [&](uint32_t n) { return draw() % n; };
  const Linop w = Dense(random("n'=4 n=4", 1 + below(3)), "n' n, n -> n'");
  Linop made = Identity("n");
  const uint32_t length = 1 + below(5);
  for (uint32_t i = 0; i < length; ++i) {
    Linop next;
    switch (below(depth > 0 ? 8 : 6)) {
      case 0:
        next = Diagonal(random("n=4", 1 + below(2)));
        break;
      case 1:
        next = w;
        break;
      case 2:
        next = FFT("n -> n'");
        break;
      case 3:
        next = Scalar({1.5, 0.5});
        break;
      case 4:
        next = Identity();
        break;
      case 5:
        next = w.N();
        break;
      case 6:
        next = random_chain(draw, depth - 1) + random_chain(draw, depth - 1);
        break;
      default:
        next = random_chain(draw, depth - 1).N();
        break;
    }
    made = (below(2) == 0 ? next : next.H()) * made;
  }
  return made;
}

}  // namespace

TEST_CASE("rewriting ends for every product, and the result is the operator", "[plan]") {
  std::mt19937 draw(20240);
  for (int i = 0; i < 200; ++i) {
    const Linop a = random_chain(draw, 2);
    const Tensor x = random("n=4", 7);
    Context context;
    CAPTURE(i, a.tree());

    Builder b(context, {});
    Product p = flatten(a.node(), true);
    const auto most = kMostRewrites * (p.factors.size() + 1);

    CHECK(static_cast<size_t>(rewrite(p, b)) <= most);
    CHECK(rewrite(p, b) == 0);
    const Tensor plain = apply_planned(a, x, context, {.rewrite = false});
    const Tensor simple = apply_planned(a, x, context, {});
    const double error = norm(binary(Binary::subtract, simple, plain, context), context);
    CHECK(error <= 1e-12 * (1e-3 + norm(plain, context)));  // roundings of c128, depth 2
  }
}

TEST_CASE("rewriting: single rules and all of them can be switched off", "[plan]") {
  Context context;
  const Linop d = Diagonal(random("n=5")), e = Diagonal(random("n=5", 2));
  const Linop a = 2.0 * Identity() * d * e;
  const Tensor x = random("n=5", 3);
  const auto steps = [&](const PlanOptions& options) {
    return make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context, options)->steps().size();
  };

  CHECK(steps({}) == 1);
  CHECK(steps({.without = {"diagonal", "pointwise"}}) == 2);
  CHECK(steps({.without = {"diagonal", "pointwise", "scalar"}}) == 3);
  CHECK(steps({.rewrite = false}) >= 3);
  CHECK_THROWS_WITH(require_rule("explain", "diagnal"),
                    Catch::Matchers::StartsWith("explain: no rule 'diagnal' to switch off; did you "
                                                "mean 'diagonal'?; the rules are identity"));
}

TEST_CASE("rewriting: every rule has its own name", "[plan]") {
  for (const Rule& a : rules()) {
    CHECK_NOTHROW(require_rule("explain", a.name));
    for (const Rule& b : rules()) CHECK((&a == &b || (a.name != b.name && a.id != b.id)));
  }
}
