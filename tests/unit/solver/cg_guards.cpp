// SPDX-License-Identifier: MIT
#include <limits>

#include "tests/unit/solver/systems.hpp"

using namespace lunops;
using namespace lunops::systems;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Warnings : Listener {
  std::vector<std::string> texts;
  void warn(std::string_view place, std::string_view text) override {
    texts.push_back(std::string(place) + ": " + std::string(text));
  }
  void progress(const ProgressEvent&) override {}
};

}  // namespace

TEST_CASE("cg: b = 0 gives 0 as exact without applying M, whatever x0 is", "[solver]") {
  Context context;
  CgOptions options;
  options.x0 = tensor("n=2", {3, 4}, context);

  const auto [x, info] = cg(matrix(2, {kNan, 1, 1, 3}, context),
                            zeros(Shape::parse("n=2"), DType::c128, context), context, options);

  CHECK(values(x) == std::vector<c128>{0, 0});
  CHECK(info.reason == Reason::exact);
  CHECK(info.converged);
  CHECK(info.iterations == 0);
  CHECK(info.applications == 0);
  CHECK(info.residual == 0);
}

TEST_CASE("cg: starting at the solution stops before the first step", "[solver]") {
  Context context;
  CgOptions options;
  options.x0 = tensor("n=2", {1, 2}, context);

  const auto [x, info] =
      cg(matrix(2, {2, 0, 0, 4}, context), tensor("n=2", {2, 8}, context), context, options);

  CHECK(values(x) == std::vector<c128>{1, 2});
  CHECK(info.reason == Reason::exact);
  CHECK(info.iterations == 0);
  CHECK(info.applications == 1);
  CHECK(info.history == std::vector<double>{0});
}

TEST_CASE("cg: M = 0 breaks down and keeps x", "[solver]") {
  Context context;
  CgOptions options;
  options.x0 = tensor("n=2", {3, 4}, context);

  const auto [x, info] =
      cg(matrix(2, {0, 0, 0, 0}, context), tensor("n=2", {1, 1}, context), context, options);

  CHECK(values(x) == std::vector<c128>{3, 4});
  CHECK(info.reason == Reason::breakdown);
  CHECK_FALSE(info.converged);
  CHECK(info.iterations == 0);
}

TEST_CASE("cg: a multiple of the identity is solved in one step", "[solver]") {
  Context context;

  const auto [x, info] =
      cg(2.0 * Identity("n"), tensor("n=3", {2, c128(0, 4), -6}, context), context, {});

  CHECK(values(x) == std::vector<c128>{1, c128(0, 2), -3});
  CHECK(info.iterations == 1);
  CHECK(info.converged);
}

TEST_CASE("cg: a consistent singular system is solved; an inconsistent one breaks down",
          "[solver]") {
  Context context;
  const Linop m = matrix(2, {1, 0, 0, 0}, context);

  const auto [x, info] = cg(m, tensor("n=2", {3, 0}, context), context, {});
  const auto [y, other] = cg(m, tensor("n=2", {0, 3}, context), context, {});

  CHECK(values(x) == std::vector<c128>{3, 0});
  CHECK(info.converged);
  CHECK(values(y) == std::vector<c128>{0, 0});
  CHECK(other.reason == Reason::breakdown);
}

TEST_CASE("cg: negative or not self-adjoint operators end as indefinite, keeping x", "[solver]") {
  Context context;
  const Tensor b = tensor("n=2", {1, c128(0, 1)}, context);

  const auto negative = cg(matrix(2, {-1, 0, 0, -2}, context), b, context, {});
  const auto skew = cg(matrix(2, {1, 2, -2, 1}, context), b, context, {});

  CHECK(negative.second.reason == Reason::indefinite);
  CHECK(values(negative.first) == std::vector<c128>{0, 0});
  CHECK(skew.second.reason == Reason::indefinite);
  CHECK_FALSE(skew.second.converged);
}

TEST_CASE("cg: a preconditioner that is not positive is found out", "[solver]") {
  Context context;
  CgOptions options;
  options.precond = matrix(2, {-1, 0, 0, -1}, context);

  const auto [x, info] =
      cg(matrix(2, {4, 1, 1, 3}, context), tensor("n=2", {1, 2}, context), context, options);

  CHECK(info.reason == Reason::indefinite);
  CHECK(values(x) == std::vector<c128>{0, 0});
}

TEST_CASE("cg: extra iterations at the solution change nothing", "[solver]") {
  Context context;
  CgOptions options;
  options.tol = std::nullopt;
  options.refresh = 0;
  const Linop m = matrix(3, {4, 1, 0, 1, 3, 1, 0, 1, 5}, context);
  const Tensor b = tensor("n=3", {1, 2, 3}, context);

  options.iters = 3;
  const auto at_three = values(cg(m, b, context, options).first);
  options.iters = 500;
  const auto [x, info] = cg(m, b, context, options);

  CHECK(distance(values(x), at_three) < 1e-14);
  CHECK(std::isfinite(info.residual));
}

TEST_CASE("cg: a recurrence that lost the residual draws a warning", "[solver]") {
  Context context;
  Warnings warnings;
  context.listener = &warnings;
  CgOptions options;
  options.iters = 12;
  options.refresh = 5;
  options.tol = 1e-12;  // below what single precision can keep
  std::vector<c128> weights;
  for (int i = 0; i < 64; ++i) weights.push_back(std::pow(1e4, i / 63.0));

  cg(Diagonal(tensor("n=64", weights, context, DType::c64), "n"),
     randn(Shape::parse("n=64"), DType::c64, 3, context), context, options);

  REQUIRE_FALSE(warnings.texts.empty());
  CHECK(warnings.texts[0].find("cg: at iteration 5 the residual of the recurrence is off by ") ==
        0);
}

TEST_CASE("cg: bad input is named", "[solver]") {
  Context context;
  const Linop m = matrix(2, {4, 1, 1, 3}, context);
  const Tensor b = tensor("n=2", {1, 2}, context);
  const auto text = [&](const Linop& op, const Tensor& side, const CgOptions& options) {
    return message_of([&] { cg(op, side, context, options); });
  };

  CHECK(text(m, tensor("n=2", {1, kNan}, context), {}) ==
        "cg: the right-hand side is not finite: its norm is nan; look for NaN or infinity in the "
        "data and in what made it");
  CHECK(text(matrix(2, {kNan, 1, 1, 3}, context), b, {}) ==
        "cg: <p, M p> is nan at iteration 1; look for NaN or infinity in the operator's weights");

  CgOptions options;
  options.iters = -1;
  CHECK(text(m, b, options) == "cg: 'iters' is -1; it must be 0 or more");
  options = {};
  options.batch = {"frame"};
  CHECK(text(m, b, options) == "cg: batch dim 'frame' is not a dim of the vectors {n=2}");
  options = {};
  options.x0 = tensor("n=3", {1, 2, 3}, context);
  CHECK(text(m, b, options) ==
        "cg: 'x0' is {n=3} and the right-hand side is {n=2}; they must be equal");
  options.x0 = tensor("n=2", {1, 2}, context, DType::c64);
  CHECK(text(m, b, options) ==
        "cg: 'x0' is c64 and the right-hand side is c128; use x0:as \"c128\"");

  const Linop tall = Dense(tensor("coil=3 n=2", {1, 2, 3, 4, 5, 6}, context), "n -> coil n");
  CHECK(text(tall, b, {}) ==
        "cg: M maps the dims {n=2} of the right-hand side to {coil=3, n=2}; it must keep them: for "
        "least squares pass A.N and A.H(y)");
}
