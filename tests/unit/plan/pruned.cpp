// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;

namespace {

Tensor random(const char* shape, uint64_t seed = 1) {
  Context context;
  return randn(Shape::parse(shape), DType::c128, seed, context);
}

PadOptions to(std::vector<std::pair<std::string, int64_t>> extents, const char* at = "centre") {
  PadOptions o;
  o.to = std::move(extents);
  o.at = at;
  return o;
}

// Steps of the plan and whether R23 was applied, after the comparison with the unrewritten
// operator.
struct Seen {
  size_t steps;
  bool is_pruned;
};
Seen seen_of(const Linop& a, const Tensor& x) {
  Context context;
  const Tensor rewritten = apply_planned(a, x, context, {});
  const Tensor plain = apply_planned(a, x, context, {.rewrite = false});
  CHECK(rewritten.shape().braced() == plain.shape().braced());
  const double error = norm(binary(Binary::subtract, rewritten, plain, context), context);
  CHECK(error <= 1e-14 * (1 + norm(plain, context)));  // some roundings of c128
  const auto plan = make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context);
  bool is_pruned = false;
  for (const std::string& line : plan->rewritten()) {
    is_pruned = is_pruned || line.starts_with("R23 ");
  }
  return {plan->steps().size(), is_pruned};
}

void check_pruned(const Linop& a, const Tensor& x) {
  const Seen seen = seen_of(a, x);
  CHECK(seen.steps == 1);
  CHECK(seen.is_pruned);
}

}  // namespace

TEST_CASE("R23: a transform of a padded array leaves out lines of zeros", "[plan]") {
  for (const char* at : {"centre", "start", "end"}) {
    CAPTURE(at);
    const Linop p = Pad("y x", to({{"y", 9}, {"x", 8}}, at)), f = FFT("y x -> ky kx");
    const Linop a = f * p;
    const Tensor x = random("y=4 x=5"), k = random("ky=9 kx=8", 2);
    PadOptions known = to({{"y", 9}, {"x", 8}}, at);
    known.extent = {{"y", 4}, {"x", 5}};
    const Linop b = f * Pad("y x", known);

    check_pruned(a, x);
    check_pruned(a.conj(), x);
    check_pruned(a, random("coil=3 y=4 x=5"));
    check_pruned(b.H(), k);
    check_pruned(b.T(), k);
    check_pruned(b.H(), random("coil=3 ky=9 kx=8", 2));
  }
}

TEST_CASE("R23: a transform of which a part is wanted leaves out the others", "[plan]") {
  FFTOptions plain;
  plain.centred = false;
  plain.norm = "backward";
  const Linop f = FFT("y x -> ky kx", plain);
  PadOptions known = to({{"ky", 3}, {"kx", 4}});
  known.extent = {{"ky", 9}, {"kx", 8}};
  const Linop c = Crop("ky kx", known), p = Pad("y x", to({{"y", 9}, {"x", 8}}));

  check_pruned(c * f, random("y=9 x=8"));
  check_pruned((c * f).H(), random("ky=3 kx=4"));
  check_pruned(c * f * p, random("y=4 x=5"));
  check_pruned(c * f * p, random("b=2 y=4 x=5"));
  check_pruned(Crop("ky kx", to({{"kx", 4}})) * f * Pad("y x", to({{"y", 9}})), random("y=4 x=8"));
}

TEST_CASE("R23: between a product's two transforms both are pruned", "[plan]") {
  const Linop p = Pad("y x", to({{"y", 9}, {"x", 8}})), f = FFT("y x -> ky kx");
  const Linop d = Diagonal(random("ky=9 kx=8", 3));
  const Linop a = d * f * p;

  const Seen seen = seen_of(a.N(), random("y=4 x=5"));
  CHECK(seen.is_pruned);
  CHECK(seen.steps == 3);                                     // there, the Diagonal, and back
  CHECK(seen_of((f * p).N(), random("y=4 x=5")).steps == 1);  // the identity, not two transforms
}

TEST_CASE("R23: what is padded but not transformed stays a Pad", "[plan]") {
  const Linop p = Pad("y x", to({{"y", 9}, {"x", 8}})), f = FFT("y x -> y kx");
  const Linop only = Pad("y x", to({{"x", 8}}));

  CHECK_FALSE(seen_of(f * p, random("y=4 x=5")).is_pruned);
  check_pruned(f * only, random("y=4 x=5"));
  Context context;
  CHECK(make_plan((f * only).node(), *random("y=4 x=5").layout(), DType::c128, nullptr, context,
                  {.without = {"pruned"}})
            ->steps()
            .size() == 3);
}

TEST_CASE("R23: a Pad that cannot hold its input says so", "[plan]") {
  const Linop a = FFT("x -> kx") * Pad("x", to({{"x", 8}}));
  Context context;

  CHECK_THROWS_WITH(apply_planned(a, random("x=9"), context, {}),
                    "apply: Pad of {x=8} from 'x' = 9 to 8; use Crop");
}
