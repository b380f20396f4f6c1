// SPDX-License-Identifier: MIT
#include "runtime/plan/check.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "runtime/linop/operators.hpp"
#include "tests/unit/linop/values.hpp"

using namespace lunops;
using test::error_of;
using test::tensor;

namespace {

const LawResult& law(const std::vector<LawResult>& results, const std::string& name) {
  return *std::find_if(results.begin(), results.end(),
                       [&](const LawResult& r) { return r.law == name; });
}

}  // namespace

TEST_CASE("check: an operator of the catalogue obeys every law", "[plan]") {
  Context context;
  const Linop a = FFT("x=5 -> k") *
                  Dense(randn(Shape::parse("coil=2 x=5"), DType::c128, 1, context), "x -> coil x");

  const std::vector<LawResult> results = check_laws(a, context);

  CHECK(results.size() == 9);
  for (const LawResult& r : results) {
    INFO(r.law << " " << r.error);
    CHECK(r.holds());
  }
  CHECK(law(results, "transpose").tolerance < 1e-12);
}

TEST_CASE("check: real data and given shapes", "[plan]") {
  Context context;
  CheckOptions options;
  options.input = Shape::parse("y=3 x=4");
  options.dtype = DType::f32;

  for (const LawResult& r : check_laws(Identity(), context, options)) CHECK(r.error == 0.0);
  CHECK(error_of([&] { check_laws(FFT("x"), context); }) ==
        "check: FFT has unknown extents in {x}; give the shape of its input as input = \"…\"");
}

TEST_CASE("check: a law that does not hold is told with its error", "[plan]") {
  Context context;
  NUFFTOptions nufft;
  nufft.extent = {{"x", 20}};
  nufft.toeplitz = Toeplitz::always;
  nufft.tol = 1e-3;
  const Linop a = NUFFT(rand(Shape::parse("s=30 d=1"), DType::f64, 1, context), "x -> s", nufft);
  CheckOptions options;
  options.tol = 1e-9;

  const std::vector<LawResult> results = check_laws(a, context, options);

  CHECK_FALSE(law(results, "normal").holds());
  CHECK(law(results, "normal").error < 2e-3);
  CHECK(law(results, "normal, unrewritten").holds());
}
