// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;

namespace {

Tensor points(const char* shape, double reach, uint64_t seed) {
  Context context;
  const Tensor unit = rand(Shape::parse(shape), DType::f64, seed, context);
  const Tensor centred = binary(Binary::subtract, unit, 0.5, context);
  return binary(Binary::multiply, centred, 2 * reach, context);
}

Tensor random(const char* shape, uint64_t seed, DType dtype = DType::c128) {
  Context context;
  return randn(Shape::parse(shape), dtype, seed, context);
}

NUFFTOptions cycles() {
  NUFFTOptions o;
  o.units = "cycles";
  return o;
}

// Both forms against the operator as it stands, in c128 with the NUFFT's tol of 1e-9; true if the
// matrix kernel was used where it was forced.
bool couples(const Linop& a, const Tensor& x) {
  Context context;
  const PlanOptions forced{.toeplitz = Toeplitz::always};
  const Tensor plain = apply_planned(a, x, context, {.rewrite = false});
  for (const PlanOptions& options : {forced, PlanOptions{}, PlanOptions{.without = {"basis"}}}) {
    const Tensor made = apply_planned(a, x, context, options);
    const double error = norm(binary(Binary::subtract, made, plain, context), context);
    CHECK(error <= 5e-9 * norm(plain, context));  // some tols, of transforms on both sides
  }
  const auto plan = make_plan(a.node(), *x.layout(), x.dtype(), nullptr, context, forced);
  const auto& lines = plan->rewritten();
  CAPTURE(lines);
  return std::any_of(lines.begin(), lines.end(),
                     [](const std::string& l) { return l.starts_with("R15 "); });
}

}  // namespace

TEST_CASE("R15: a basis over frames with points of their own is a matrix of kernels", "[plan]") {
  const Linop f =
      NUFFT(points("frame=5 sample=30 d=2", 5, 1), "frame y x -> frame sample", cycles());
  for (const DType dtype : {DType::f64, DType::c128}) {
    const Linop b = Dense(random("frame=5 coef=3", 2, dtype), "coef y x -> frame y x");
    const Linop w = Diagonal(random("frame=5 sample=30", 3, DType::f64));
    const Linop z = Diagonal(random("frame=5 sample=30", 4));
    const Tensor x = random("coef=3 y=9 x=10", 5);

    CHECK(couples((f * b).N(), x));
    CHECK(couples((f * b).normal(w), x));
    CHECK(couples((f * b).normal(z), x));
    CHECK(couples((f * b).normal(z).H(), x));
    CHECK(couples((f * b).N(), random("slice=2 coef=3 y=9 x=10", 6)));
  }
}

TEST_CASE("R15: coil maps before and after the basis", "[plan]") {
  const Linop f =
      NUFFT(points("frame=5 sample=30 d=2", 5, 1), "frame coil y x -> frame coil sample", cycles());
  const Tensor maps = random("coil=2 y=9 x=10", 7);
  const Linop after = Dense(maps, "frame y x -> frame coil y x");
  const Linop basis = Dense(random("frame=5 coef=3", 2), "coef y x -> frame y x");
  const Linop before = Dense(maps, "coef y x -> coef coil y x");
  const Linop wide = Dense(random("frame=5 coef=3", 2), "coef coil y x -> frame coil y x");
  const Tensor x = random("coef=3 y=9 x=10", 5);

  CHECK(couples((f * after * basis).N(), x));
  CHECK(couples((f * wide * before).N(), x));
}

TEST_CASE("R15: frames that share their points and differ in weights", "[plan]") {
  const Linop f = NUFFT(points("sample=60 d=2", 5, 1), "y x -> sample", cycles());
  const Linop b = Dense(random("frame=5 coef=2", 2), "coef y x -> frame y x");
  const Linop w = Diagonal(random("frame=5 sample=60", 3, DType::f64));
  const Linop v = Diagonal(random("sample=60", 3, DType::f64), "frame sample");
  const Tensor x = random("coef=2 y=9 x=10", 5);

  CHECK(couples((f * b).N(), x));
  CHECK(couples((f * b).normal(w), x));
  CHECK(couples((f * b).normal(v), x));
}

TEST_CASE("R15: segments of off-resonance and coils that are mixed", "[plan]") {
  const Linop f = NUFFT(points("sample=60 d=2", 5, 1), "y x -> sample", cycles());
  const Linop c = Dense(random("seg=3 y=9 x=10", 2), "y x -> seg y x");
  const Linop b = Dense(random("seg=3 sample=60", 3), "seg sample -> sample");
  const Linop w = Diagonal(random("sample=60", 4, DType::f64));
  const Linop mix = Dense(random("coil'=2 coil=2", 5), "coil' coil, coil sample -> coil' sample");
  const Linop s = Dense(random("coil=2 y=9 x=10", 6), "y x -> coil y x");
  const Tensor x = random("y=9 x=10", 7);

  CHECK(couples((b * f * c).N(), x));
  CHECK(couples((b * f * c).normal(w), x));
  CHECK(couples((f * s).normal(mix), x));
  CHECK(couples((f * s).normal(mix.H()), x));
}

TEST_CASE("R15: what couples more than one dim, or other frames, stays a product", "[plan]") {
  const Linop f =
      NUFFT(points("frame=4 sample=30 d=2", 5, 1), "frame y x -> frame sample", cycles());
  const Linop b = Dense(random("frame=4 y=9 coef=3", 2), "coef y x -> frame y x");
  const Linop d = Dense(random("frame=4 p=2 q=2", 2), "p q y x -> frame y x");

  CHECK_FALSE(couples((f * b).N(), random("coef=3 y=9 x=10", 5)));
  CHECK_FALSE(couples((f * d).N(), random("p=2 q=2 y=9 x=10", 5)));
}

TEST_CASE("R15: cost decides, and both estimates are told", "[plan]") {
  Context context;
  const auto choice_of = [&](int64_t samples, int64_t coefficients) {
    const Shape shape({Dim::parse("frame"), Dim::parse("sample"), Dim::parse("d")},
                      {20, samples, 2});
    const Tensor k = rand(shape, DType::f64, 1, context);
    const Linop f =
        NUFFT(binary(Binary::multiply, k, 60.0, context), "frame y x -> frame sample", cycles());
    const Shape basis({Dim::parse("frame"), Dim::parse("coef")}, {20, coefficients});
    const Linop a = f * Dense(randn(basis, DType::c64, 2, context), "coef y x -> frame y x");
    const Shape x({Dim::parse("coef"), Dim::parse("y"), Dim::parse("x")}, {coefficients, 64, 64});
    const Explained e = explain(a.N(), x, DType::c64, context);
    REQUIRE(!e.choices.empty());
    CHECK(e.choices.front().estimates.count("gridding") == 1);
    CHECK(e.choices.front().estimates.count("Toeplitz matrix") == 1);
    return e.choices.front().chosen;
  };

  CHECK(choice_of(5000, 2) == "Toeplitz matrix");
  CHECK(choice_of(20, 40) == "gridding");
}
