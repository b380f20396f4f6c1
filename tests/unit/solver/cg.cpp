// SPDX-License-Identifier: MIT
#include <atomic>

#include "runtime/device/pool.hpp"
#include "tests/unit/solver/systems.hpp"

using namespace lunops;
using namespace lunops::systems;

namespace {

// [[4, 1], [1, 3]] x = [1, 2] has the solution [1/11, 7/11].
Linop example(Context& context) { return matrix(2, {4, 1, 1, 3}, context); }
Tensor right_side(Context& context) { return tensor("n=2", {1, 2}, context); }

std::vector<c128> solve(const Linop& m, const Tensor& b, Context& context, CgOptions options) {
  return values(cg(m, b, context, options).first);
}

CgOptions iterations(int n) {
  CgOptions options;
  options.iters = n;
  options.tol = std::nullopt;
  return options;
}

std::vector<double> spread(int n, double condition) {
  std::vector<double> eigenvalues;
  for (int i = 0; i < n; ++i) eigenvalues.push_back(std::pow(condition, i / (n - 1.0)));
  return eigenvalues;
}

double inverse(double e) { return 1 / e; }
double identity(double e) { return e; }

}  // namespace

TEST_CASE("cg: two steps on two unknowns, by hand", "[solver]") {
  Context context;
  const Linop m = example(context);
  const Tensor b = right_side(context);

  CHECK(values(cg(m, b, context, iterations(0)).first) == std::vector<c128>{0, 0});
  CHECK(distance(solve(m, b, context, iterations(1)), {0.25, 0.5}) < 1e-15);
  CHECK(distance(solve(m, b, context, iterations(2)), {1 / 11.0, 7 / 11.0}) < 1e-15);
  CHECK(distance(solve(m, b, context, iterations(9)), {1 / 11.0, 7 / 11.0}) < 1e-15);
}

TEST_CASE("cg: from [2, 1] the first step reaches [0.23564955, 0.33836858]", "[solver]") {
  Context context;
  CgOptions options = iterations(1);
  options.x0 = tensor("n=2", {2, 1}, context);

  const auto [x, info] = cg(example(context), right_side(context), context, options);

  CHECK(distance(values(x), {0.23564955, 0.33836858}) < 1e-8);  // digits of the example
  CHECK(info.applications == 2);
  CHECK(values(*options.x0) == std::vector<c128>{2, 1});  // copied, never written
}

TEST_CASE("cg: 2 x = 1 gives 0.5 in one step and stops as exact", "[solver]") {
  Context context;

  const auto [x, info] =
      cg(matrix(1, {2}, context), tensor("n=1", {1}, context), context, iterations(10));

  CHECK(values(x) == std::vector<c128>{0.5});
  CHECK(info.reason == Reason::exact);
  CHECK(info.converged);
  CHECK(info.iterations == 1);
  CHECK(info.history == std::vector<double>{1, 0});
}

TEST_CASE("cg: history has the residual before each step and after the last, relative to b",
          "[solver]") {
  Context context;
  CgOptions options;  // tol 1e-6

  const auto [x, info] = cg(example(context), right_side(context), context, options);

  REQUIRE(info.history.size() == 3);
  CHECK(info.history[0] == 1);
  CHECK(info.history[1] == Approx(std::sqrt(0.5 * 0.5 + 0.25 * 0.25) / std::sqrt(5.0)));
  CHECK(info.history[2] <= 1e-6);
  CHECK(info.residual == info.history[2]);
  CHECK(info.iterations == 2);
  CHECK(info.applications == 2);
  CHECK(info.seconds >= 0);
  CHECK(info.text().find("cg: converged after 2 iterations (") == 0);
}

TEST_CASE("cg: agrees with the inverse on random systems, in both precisions", "[solver]") {
  Context context;
  for (const uint64_t seed : {1u, 2u, 3u}) {
    const Spectrum spectrum(spread(12, 30), seed, context);
    const auto truth = values(randn(Shape::parse("n=12"), DType::c128, seed + 50, context));
    const auto b = spectrum.apply(identity, truth);
    for (const DType dtype : {DType::c64, DType::c128}) {
      CgOptions options;
      options.tol = is_double(dtype) ? 1e-12 : 1e-6;

      const auto [x, info] = cg(matrix(12, spectrum.rows(identity), context, dtype),
                                tensor("n=12", b, context, dtype), context, options);

      INFO("seed " << seed << ", " << name_of(dtype));
      CHECK(info.reason == Reason::tol);
      // The error is at most the residual times the condition.
      CHECK(distance(values(x), truth) < 30 * (is_double(dtype) ? 1e-12 : 3e-6));
    }
  }
}

TEST_CASE("cg: the inverse as preconditioner needs one step; any positive one, the same solution",
          "[solver]") {
  Context context;
  const Spectrum spectrum(spread(10, 100), 7, context);
  const auto truth = values(randn(Shape::parse("n=10"), DType::c128, 8, context));
  const Tensor b = tensor("n=10", spectrum.apply(identity, truth), context);
  const Linop m = matrix(10, spectrum.rows(identity), context);
  CgOptions options;
  options.tol = 1e-11;

  options.precond = matrix(10, spectrum.rows(inverse), context);
  const auto [x, info] = cg(m, b, context, options);
  options.precond = Diagonal(tensor("n=10", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, context), "n");
  const auto [y, other] = cg(m, b, context, options);

  CHECK(info.iterations == 1);
  CHECK(distance(values(x), truth) < 1e-9);
  CHECK(other.reason == Reason::tol);
  CHECK(distance(values(y), truth) < 1e-9);
}

TEST_CASE("cg: a batch equals separate solves, each with its own reason and iterations",
          "[solver]") {
  Context context;
  const Spectrum spectrum(spread(6, 20), 11, context);
  const Linop m = matrix(6, spectrum.rows(identity), context);
  // Element 0 is random, 1 an eigenvector (one step), 2 zero.
  std::vector<c128> rows = values(randn(Shape::parse("n=6"), DType::c128, 12, context));
  const auto eigen = spectrum.apply([](double e) { return e == 1 ? 1.0 : 0.0; }, rows);
  rows.insert(rows.end(), eigen.begin(), eigen.end());
  rows.insert(rows.end(), 6, 0);
  const Tensor b = tensor("frame=3 n=6", rows, context);
  CgOptions options;
  options.tol = 1e-10;
  options.batch = {"frame"};

  const auto [x, info] = cg(m, b, context, options);

  options.batch = {};
  for (int64_t i = 0; i < 2; ++i) {
    const auto [alone, single] = cg(m, b.select(0, i), context, options);
    CHECK(distance(values(x.select(0, i)), values(alone)) < 1e-13);
    CHECK(values(*info.batch_iterations)[static_cast<size_t>(i)] == double(single.iterations));
    CHECK(values(*info.batch_residual)[static_cast<size_t>(i)].real() ==
          Approx(single.residual).margin(1e-14));
  }
  CHECK(values(x.select(0, 2)) == std::vector<c128>(6, 0));
  CHECK(info.batch_reason == std::vector<Reason>{Reason::tol, Reason::tol, Reason::exact});
  CHECK(values(*info.batch_iterations)[1] == 1.0);
  CHECK(info.batch_iterations->shape().text() == "frame=3");
  CHECK(info.reason == Reason::tol);
}

TEST_CASE("cg: one element that breaks down leaves the others alone", "[solver]") {
  Context context;
  const Tensor weights = tensor("frame=2 n=2", {1, 4, -1, -1}, context);
  CgOptions options;
  options.batch = {"frame"};

  const auto [x, info] = cg(Diagonal(weights, "frame n"),
                            tensor("frame=2 n=2", {1, 1, 1, 2}, context), context, options);

  CHECK(distance(values(x), {1, 0.25, 0, 0}) < 1e-7);
  CHECK(info.batch_reason[0] == Reason::exact);
  CHECK(info.batch_reason[1] == Reason::indefinite);
  CHECK(info.reason == Reason::indefinite);
  CHECK_FALSE(info.converged);
}

TEST_CASE("cg: data times 1e-12 or 1e12, or M times 1e6, give the same iterates, scaled",
          "[solver]") {
  Context context;
  const Spectrum spectrum(spread(8, 50), 21, context);
  const auto b = values(randn(Shape::parse("n=8"), DType::c128, 22, context));
  for (const DType dtype : {DType::c64, DType::c128}) {
    const auto run = [&](double data, double op) {
      auto rows = spectrum.rows(identity);
      for (c128& v : rows) v *= op;
      auto side = b;
      for (c128& v : side) v *= data;
      auto x = solve(matrix(8, rows, context, dtype), tensor("n=8", side, context, dtype), context,
                     iterations(5));
      for (c128& v : x) v *= op / data;
      return x;
    };
    const auto plain = run(1, 1);
    // Rounding only: 5 steps at condition 50.
    const double slack = is_double(dtype) ? 1e-12 : 1e-4;
    CHECK(distance(run(1e-12, 1), plain) < slack);
    CHECK(distance(run(1e12, 1), plain) < slack);
    CHECK(distance(run(1, 1e6), plain) < slack);
    CHECK(distance(run(1, 1e-6), plain) < slack);
  }
}

TEST_CASE("cg: applies M once per step, and once more to refresh the residual", "[solver]") {
  Context context;
  const Spectrum spectrum(spread(40, 1e5), 31, context);
  const Linop m = matrix(40, spectrum.rows(identity), context);
  const Tensor b = randn(Shape::parse("n=40"), DType::c128, 32, context);
  CgOptions options = iterations(30);
  int calls = 0;
  options.on_iteration = [&](const Iteration& it) {
    CHECK(it.iteration == ++calls);
    CHECK(it.of == 30);
    return true;
  };

  CHECK(cg(m, b, context, options).second.applications == 30);
  CHECK(calls == 30);
  options.on_iteration = nullptr;
  options.refresh = 10;
  CHECK(cg(m, b, context, options).second.applications == 32);  // after steps 10 and 20
}

TEST_CASE("cg: the loop takes nothing from the pool", "[solver]") {
  Context context;
  const Spectrum spectrum(spread(40, 1e4), 41, context);
  const Linop m = matrix(40, spectrum.rows(identity), context);
  const Tensor b = randn(Shape::parse("n=40"), DType::c128, 42, context);
  CgOptions options = iterations(40);
  options.precond = Identity("n");
  options.refresh = 7;
  uint64_t first = 0, last = 0;
  options.on_iteration = [&](const Iteration& it) {
    const uint64_t now = Pool::of(Device::host()).figures().allocations;
    if (it.iteration == 1) first = now;
    last = now;
    return true;
  };

  cg(m, b, context, options);

  CHECK(first > 0);
  CHECK(last == first);
}

TEST_CASE("cg: a callback that returns false, a time limit and the cancel flag stop it",
          "[solver]") {
  Context context;
  const Spectrum spectrum(spread(20, 1e5), 51, context);
  const Linop m = matrix(20, spectrum.rows(identity), context);
  const Tensor b = randn(Shape::parse("n=20"), DType::c128, 52, context);

  CgOptions options = iterations(20);
  options.on_iteration = [](const Iteration& it) { return it.iteration < 3; };
  const auto [x, info] = cg(m, b, context, options);
  CHECK(info.reason == Reason::callback);
  CHECK(info.iterations == 3);
  CHECK(distance(values(x), solve(m, b, context, iterations(3))) < 1e-14);

  options = iterations(20);
  options.max_seconds = 0;
  CHECK(cg(m, b, context, options).second.reason == Reason::seconds);

  std::atomic<bool> cancel{false};
  context.cancel = &cancel;
  options = iterations(20);
  int calls = 0;
  options.on_iteration = [&](const Iteration&) {
    cancel = ++calls == 5;
    return true;
  };
  try {
    cg(m, b, context, options);
    FAIL("not interrupted");
  } catch (const Error& e) {
    CHECK(e.code() == Code::interrupted);
  }
  CHECK(calls == 5);
}

TEST_CASE("cg: progress is reported with the residual, and ends with the last report", "[solver]") {
  struct Events : Listener {
    std::vector<ProgressEvent> events;
    void warn(std::string_view, std::string_view) override {}
    void progress(const ProgressEvent& event) override { events.push_back(event); }
  };
  Context context;
  Events listener;
  context.listener = &listener;
  CgOptions options = iterations(3);
  options.on_iteration = [](const Iteration& it) {
    const double until = it.seconds + 0.12;  // longer than the time between reports
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() <
           until - it.seconds) {
    }
    return true;
  };
  const Spectrum spectrum(spread(9, 1e4), 61, context);

  cg(matrix(9, spectrum.rows(identity), context),
     randn(Shape::parse("n=9"), DType::c128, 62, context), context, options);

  REQUIRE(listener.events.size() == 3);  // steps 2 and 3, and the end
  CHECK(listener.events[0].label == "cg");
  CHECK(listener.events[0].done == 2);
  CHECK(listener.events[0].total == 3);
  CHECK(listener.events[0].residual > 0);
  CHECK(listener.events[2].is_last);
}
