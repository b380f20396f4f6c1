// SPDX-License-Identifier: MIT
#include "tests/unit/solver/systems.hpp"

using namespace lunops;
using namespace lunops::systems;

TEST_CASE("power: three applications of diag(1, 2) to (1, 1), by hand", "[solver]") {
  Context context;
  PowerOptions options;
  options.v0 = tensor("n=2", {1, 1}, context);
  options.iters = 3;
  options.tol = 0;

  const PowerResult got =
      power_method(Diagonal(tensor("n=2", {1, 2}, context), "n"), context, options);

  CHECK(distance(values(got.vector), {0.12403473, 0.99227788}) < 1e-8);  // (1, 8) / root 65
  CHECK(got.value == Approx(129.0 / 65));
  CHECK(got.info.iterations == 3);
  CHECK(got.info.applications == 4);
  CHECK(got.info.residual ==
        Approx(std::sqrt(257.0 / 65 - std::pow(129.0 / 65, 2)) / (129.0 / 65)));
}

TEST_CASE("power: finds the eigenvalue of largest magnitude and keeps its sign", "[solver]") {
  Context context;
  const Spectrum spectrum({1, 2, -4, 3}, 5, context);
  PowerOptions options;
  options.iters = 2000;
  options.tol = 1e-13;

  const PowerResult got =
      power_method(matrix(4, spectrum.rows([](double e) { return e; }), context), context, options,
                   std::nullopt, DType::c128);

  CHECK(got.value == Approx(-4).epsilon(1e-9));
  CHECK(got.info.converged);
  CHECK(got.info.residual < 1e-5);
  CHECK(norm(got.vector, context) == Approx(1));
}

TEST_CASE("power: batch elements are separate problems", "[solver]") {
  Context context;
  const Tensor weights = tensor("frame=2 n=3", {1, 2, 5, 7, 1, 1}, context);
  PowerOptions options;
  options.batch = {"frame"};
  options.iters = 200;
  options.tol = 1e-12;

  const PowerResult got = power_method(Diagonal(weights, "frame n"), context, options,
                                       Shape::parse("frame=2 n=3"), DType::c128);

  REQUIRE(got.values.has_value());
  CHECK(distance(values(*got.values), {5, 7}) < 1e-9);
  CHECK(got.value == Approx(7));
}

TEST_CASE("power: the zero operator has eigenvalue 0", "[solver]") {
  Context context;

  const PowerResult got =
      power_method(matrix(2, {0, 0, 0, 0}, context), context, {}, std::nullopt, DType::c128);

  CHECK(got.value == 0);
  CHECK(got.info.reason == Reason::exact);
}

TEST_CASE("power: bad input is named", "[solver]") {
  Context context;
  const Linop m = matrix(2, {1, 0, 0, 1}, context);
  PowerOptions options;

  options.v0 = tensor("n=2", {0, 0}, context);
  CHECK(message_of([&] { power_method(m, context, options); }) ==
        "power: 'v0' is zero; give a start that is not");
  options.v0.reset();
  CHECK(message_of([&] { power_method(Identity("n"), context, options); }) ==
        "power: extents of M's input {n} are not known; give 'v0' or the extents");
  options.iters = 0;
  CHECK(message_of([&] { power_method(m, context, options); }) ==
        "power: 'iters' is 0; it must be 1 or more");
}
