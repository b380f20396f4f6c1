// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/solver/solver.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;
using test::values_of;
using Values = std::vector<c128>;

namespace {

Linop cast(const char* text, const char* to) {
  CastOptions o;
  o.to = to;
  return Cast(text, o);
}

}  // namespace

TEST_CASE("Real, Imag and Conj: the example of the catalogue", "[linop]") {
  Context context;
  const Tensor x = tensor("x=2", {{1, 2}, {3, -1}});

  CHECK(values_of(Real("x")(x, context)) == Values{1, 3});
  CHECK(values_of(Imag("x")(x, context)) == Values{2, -1});
  CHECK(values_of(Conj("x")(x, context)) == Values{{1, -2}, {3, 1}});
  CHECK(values_of(Imag("x").H()(tensor("x=2", {1, 2}, DType::f32), context)) ==
        Values{{0, 1}, {0, 2}});
  CHECK(values_of(Real("x").H()(tensor("x=2", {1, 2}, DType::f32), context)) == Values{1, 2});
}

TEST_CASE("Real and Imag: normals are projections, that of Conj is the identity", "[linop]") {
  Context context;
  const Tensor x = tensor("x=2", {{1, 2}, {3, -1}});

  CHECK(values_of(Real("x").N()(x, context)) == Values{1, 3});
  CHECK(values_of(Imag("x").N()(x, context)) == Values{{0, 2}, {0, -1}});
  CHECK(Conj("x").N().kind() == "Identity");
  CHECK(Real("x").H().N().kind() == "Identity");
  const Linop c = Conj("x");
  CHECK(c.H().node() == c.node());
}

TEST_CASE("Real: results take the real dtype of the data's precision", "[linop]") {
  Context context;

  CHECK(Real("x")(tensor("x=1", {1}, DType::c128), context).dtype() == DType::f64);
  CHECK(Real("x")(tensor("x=1", {1}), context).dtype() == DType::f32);
  CHECK(Real("x").H()(tensor("x=1", {1}, DType::f64), context).dtype() == DType::c128);
  CHECK(Real("x").is_real_linear());
  CHECK((2.0 * Real("x")).is_real_linear());
}

TEST_CASE("Real: infinity in the data stays in the part that it belongs to", "[linop]") {
  Context context;
  const double inf = std::numeric_limits<double>::infinity();

  const Tensor y = Imag("x").H()(tensor("x=1", {inf}, DType::f32), context);

  CHECK(values_of(y)[0].real() == 0.0);
  CHECK(values_of(y)[0].imag() == inf);
}

TEST_CASE("real-linear operators: a complex scalar does not move across them", "[linop]") {
  Context context;
  const Tensor x = tensor("x=1", {{1, 2}});
  const c128 i(0, 1);

  CHECK(values_of((Real("x") * Scalar(i))(x, context)) == Values{-2});
  CHECK(values_of((Conj("x") * (i * Identity("x")))(x, context)) == Values{{-2, -1}});
  CHECK(values_of((i * Conj("x"))(x, context)) == Values{{2, 1}});
  // The sum of the two terms is one product, whose scalar stays right of Real.
  const Linop d = Diagonal(tensor("x=1", {{0, 1}}));
  CHECK(values_of((Real("x") * (i * d + i * d))(x, context)) == Values{-2});
}

TEST_CASE("real-linear operators: what they lack is refused with a way out", "[linop]") {
  Context context;
  const Linop r = Real("x") * Diagonal(tensor("x=1", {{1, 2}}));
  const Tensor x = tensor("x=1", {1}), y = Real("x")(x, context);

  CHECK(error_of([&] { r.T(); }) ==
        "transpose: Chain is real-linear and has no transpose; use its adjoint A.H");
  CHECK(error_of([&] { r.conj(); }) ==
        "conj: Chain is real-linear and has no conj; use its adjoint A.H");
  CHECK(error_of([&] { r.dense(DType::c64, context); }) ==
        "dense: Chain is real-linear, so no matrix over the complex numbers stands for it; use its "
        "parts before and after Real, Imag or Conj");
  CHECK(error_of([&] {
          r.apply(x, y, {{2, 1}, 0.0}, context);
        }) == "apply: alpha is 2+1i but the result is f32; give a real number");
  CHECK(error_of([&] { Real("x")(tensor("x=1", {1}, DType::f32), context); }) ==
        "apply: Real takes complex data but x is f32; use x:as \"c64\"");
  CHECK(error_of([&] { Imag("x").H()(x, context); }) ==
        "apply: Imag.H takes real data but x is c64; use x:real()");
  CHECK(error_of([&] { Conj("x")(tensor("x=1", {1}, DType::f64), context); }) ==
        "apply: Conj is complex but x is f64; use x:as \"c128\"");
  CHECK(error_of([&] { Real("y -> x"); }) ==
        "Real: \"y -> x\" has two sides; Real keeps its dims, so name them once");
}

TEST_CASE("Cast: changes the precision and casts back", "[linop]") {
  Context context;
  const Linop wide = cast("x", "f64");

  const Tensor y = wide(tensor("x=1", {0.1}, DType::f32), context);

  CHECK(y.dtype() == DType::f64);
  CHECK(values_of(y)[0].real() == Approx(0.10000000149).epsilon(1e-11));
  CHECK(wide.H()(y, context).dtype() == DType::f32);
  CHECK(wide.N().kind() == "Identity");
  CHECK(cast("x", "f32").N().kind() == "Normal");
  CHECK(cast("x", "f32").H().N().kind() == "Identity");
}

TEST_CASE("Cast: wrong data are refused with the way out", "[linop]") {
  Context context;
  const Tensor complex = tensor("x=1", {1}), real = tensor("x=1", {1}, DType::f32);

  CHECK(error_of([&] { cast("x", "f64")(complex, context); }) ==
        "apply: Cast takes f32 but x is c64; it changes the precision only: use Real for the real "
        "part");
  CHECK(error_of([&] { cast("x", "c128")(real, context); }) ==
        "apply: Cast takes c64 but x is f32; it changes the precision only: use x:as \"c64\"");
  CHECK(error_of([&] { cast("x", "f32")(real, context); }) ==
        "apply: Cast takes f64 but x is f32; the data have that precision already: leave it out");
  CHECK(error_of([&] { cast("x", "c46"); }) ==
        "Cast: to is 'c46'; it is f32, f64, c64 or c128; did you mean 'c64'?");
}

TEST_CASE("Cast: the dtype has no default", "[linop]") {
  CHECK(error_of([] { Cast("x", CastOptions{}); }) ==
        "Cast: give to = \"c128\", or another of f32, f64 and c64");
}

TEST_CASE("Cast: two precisions meet in one chain, weights included", "[linop]") {
  Context context;
  const Linop a = Diagonal(tensor("x=2", {{0, 1}, 2}, DType::c128)) * cast("x", "c128") *
                  Diagonal(tensor("x=2", {{0, 1}, 3}));

  const Tensor y = a(tensor("x=2", {1, 1}), context);

  CHECK(y.dtype() == DType::c128);
  CHECK(values_of(y) == Values{-1, 6});
  CHECK(a.dtype() == DType::c64);
  CHECK(a.H().dtype() == DType::c128);
  CHECK(values_of(a.N()(tensor("x=2", {1, 1}), context)) == Values{1, 36});
}

TEST_CASE("sums: terms with results of different dtypes are refused, both named", "[linop]") {
  Context context;
  const Linop sum = Real("x") + Identity("x");

  CHECK(error_of([&] { sum(tensor("x=1", {1}), context); }) ==
        "Add: Real makes f32 of c64 but Identity makes c64; use Cast, Real or Imag in one term");
}

TEST_CASE("cg: least squares over the real part, and through a Cast", "[linop]") {
  Context context;
  const Linop d = Diagonal(tensor("x=2", {{1, 1}, {0, 2}}));
  // x real-valued: Real.H is the injection of real images.
  const Linop a = d * Real("x").H();
  const Tensor y = tensor("x=2", {{3, 3}, {0, -4}});

  const auto [x, info] = cg(a.N(), a.H()(y, context), context, {});
  CHECK(x.dtype() == DType::f32);
  CHECK(std::abs(values_of(x)[0] - 3.0) < 1e-5);
  CHECK(std::abs(values_of(x)[1] + 2.0) < 1e-5);

  // Vectors in double, the operator in single precision.
  const Linop b = d * cast("x", "c64");
  const auto [z, other] = cg(b.N(), b.H()(y, context), context, {});
  CHECK(z.dtype() == DType::c128);
  CHECK(std::abs(values_of(z)[0] - 3.0) < 1e-5);
}

TEST_CASE("cg: on a real-linear operator the inner product is Re<.,.>", "[linop]") {
  Context context;
  // M = 2 + Conj is positive for Re<.,.>; M x = b with b = 3 + i has x = 1 + i.
  const Linop m = 2.0 * Identity("x") + Conj("x");
  const auto [x, info] = cg(m, tensor("x=1", {{3, 1}}), context, {});

  CHECK(info.converged);
  CHECK(std::abs(values_of(x)[0] - c128(1, 1)) < 1e-5);
}
