// SPDX-License-Identifier: MIT
// Conjugate gradients on cuda:0 with iterations in a CUDA graph, and without.
#include <atomic>
#include <cstdlib>
#include <thread>

#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/gpu_rates.hpp"
#include "runtime/device/virtual_devices.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/solver/solver.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;

namespace {

// LUNOPS_CUDA_GRAPHS for as long as it lives; null: not set.
class Switch {
 public:
  explicit Switch(const char* value) {
    if (const char* text = std::getenv(kName); text != nullptr) before_ = text;
    set(value);
  }
  ~Switch() { set(before_ ? before_->c_str() : nullptr); }
  Switch(const Switch&) = delete;

 private:
  static constexpr const char* kName = "LUNOPS_CUDA_GRAPHS";
  static void set(const char* value) {
    value == nullptr ? unsetenv(kName) : setenv(kName, value, 1);
  }
  std::optional<std::string> before_;
};

// (A^H A + 0.1) x = b with FFT and maps, whose kernels give the same bits each time.
struct Problem {
  explicit Problem(Device device = on_gpu::kGpu) : where(device) {}

  Context host;
  Device where;
  Context gpu = on_device(where, host);
  Linop a = FFT("y x -> ky kx") * Dense(random("coil=4 y=16 x=12", 1), "y x -> coil y x");
  Linop mask = Diagonal(there(rand(Shape::parse("ky=16 kx=12"), DType::f32, 2, host)));
  Linop m = a.normal(mask) + 0.1 * Identity();
  Linop precond = Diagonal(
      there(binary(Binary::add, rand(Shape::parse("y=16 x=12"), DType::f32, 3, host), 0.5, host)));
  Tensor b = random("slice=3 y=16 x=12", 4), x0 = random("slice=3 y=16 x=12", 5);

  Tensor there(const Tensor& x) { return x.to(where, gpu); }
  Tensor random(const std::string& shape, uint64_t seed) {
    return there(randn(Shape::parse(shape), DType::c64, seed, host));
  }
  double distance(const Tensor& x, const Tensor& y) {
    return norm(binary(Binary::subtract, x, y, gpu), gpu);
  }
};

struct Solved {
  Tensor x;
  SolverInfo info;
};

Solved solve(const char* graphs, Problem& p, const Linop& m, const CgOptions& options) {
  const Switch here(graphs);
  auto [x, info] = cg(m, p.b, p.gpu, options);
  return {x, info};
}

void check_same(Problem& p, const Solved& a, const Solved& b) {
  CHECK(p.distance(a.x, b.x) == 0.0);
  CHECK(a.info.history == b.info.history);
  CHECK(a.info.iterations == b.info.iterations);
  CHECK(a.info.residual == b.info.residual);
  CHECK(a.info.reason == b.info.reason);
  CHECK(a.info.batch_reason == b.info.batch_reason);
}

// Solves with graphs and without, which must be the same.
void compare(Problem& p, const CgOptions& options, int launches) {
  const Solved without = solve("0", p, p.m, options), with = solve("1", p, p.m, options);
  CHECK(without.info.graph_launches == 0);
  CHECK(with.info.graph_launches == launches);
  CHECK(with.info.applications == without.info.applications);
  check_same(p, with, without);
}

CgOptions iterations(int count) {
  CgOptions options;
  options.iters = count;
  options.tol.reset();
  return options;
}

}  // namespace

TEST_CASE("cuda CG: with graphs and without the solution has the same bits", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  // The first iteration has no direction to turn to and the second warms up: ten less two.
  CgOptions options = iterations(10);
  compare(p, options, 8);
  options.refresh = 3;
  compare(p, options, 8);
  options.x0 = p.x0;
  compare(p, options, 8);
  options.precond = p.precond;
  compare(p, options, 8);
  options.batch = {"slice"};
  compare(p, options, 8);
  options.tol = 0.0;  // looks each time
  compare(p, options, 8);
}

TEST_CASE("cuda CG: batch dims within the vectors, whose sums are of parts", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  p.b = p.random("echo=2 slice=3 y=16 x=12", 6);
  CgOptions options = iterations(10);
  options.batch = {"slice"};
  compare(p, options, 8);
}

TEST_CASE("cuda CG: a tolerance stops it where it does without graphs", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  CgOptions options = iterations(200);
  options.tol = 1e-4;
  options.batch = {"slice"};

  const Solved without = solve("0", p, p.m, options), with = solve("1", p, p.m, options);

  CHECK(with.info.reason == Reason::tol);
  CHECK(with.info.iterations < 200);
  // One was issued before the host had seen that it was not wanted.
  CHECK(with.info.graph_launches == with.info.iterations - 1);
  CHECK(p.distance(with.x, without.x) == 0.0);
  CHECK(with.info.history == without.info.history);
}

TEST_CASE("cuda CG: a host that looks one iteration late finds what one finds that looks at once",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  const auto compare = [&](CgOptions options) {
    const Solved late = solve("0", p, p.m, options);
    options.on_iteration = [](const Iteration&) { return true; };  // who sees x sees it in time
    const Solved at_once = solve("0", p, p.m, options);
    check_same(p, late, at_once);
    return late.info;
  };
  for (const int iters : {0, 1, 2, 3, 200}) {
    CgOptions options = iterations(iters);
    options.tol = 1e-5;
    for (const int refresh : {0, 3}) {
      options.refresh = refresh;
      for (const bool is_batch : {false, true}) {
        options.batch = is_batch ? std::vector<std::string>{"slice"} : std::vector<std::string>{};
        const SolverInfo info = compare(options);
        CHECK(info.converged == (iters == 200));
        // The iteration that was issued ahead; b - M x of each refresh.
        if (refresh == 0) CHECK(info.applications == info.iterations + (iters == 200 ? 1 : 0));
      }
    }
  }
  SECTION("what is not positive") {
    p.m = p.a.normal(p.mask) - 0.3 * Identity();
    CgOptions options = iterations(30);
    options.tol = 0.0;
    CHECK(compare(options).reason == Reason::indefinite);
  }
  SECTION("a time limit, which is noticed late and leaves x, history and count in agreement") {
    CgOptions options = iterations(50);
    options.tol = 0.0;
    options.max_seconds = 0;
    const Solved cut = solve("0", p, p.m, options);
    CHECK(cut.info.reason == Reason::seconds);
    CHECK(cut.info.iterations == 2);
    CHECK(cut.info.history.size() == 3);
    const Solved two = solve("0", p, p.m, iterations(2));
    CHECK(p.distance(cut.x, two.x) == 0.0);
    CHECK(cut.info.residual == two.info.residual);
  }
}

TEST_CASE("cuda CG: a problem that is done before the host has seen it is not warned of",
          "[cuda]") {
  if (!on_gpu::is_here()) return;
  struct Warnings final : Listener {
    int count = 0;
    void warn(std::string_view, std::string_view) override { ++count; }
    void progress(const ProgressEvent&) override {}
  } heard;
  Problem p;
  const Linop m = Diagonal(
      p.there(binary(Binary::add, arange(Shape::parse("x=12"), DType::c64, p.host), 1.0, p.host)));
  p.b = p.random("x=12", 7);
  p.gpu.listener = &heard;
  // Below what c64 can do, so that the residual of the recurrence is off when it gets there.
  CgOptions options = iterations(40);
  options.tol = 1e-10;
  options.refresh = 0;
  const int reached = solve("0", p, m, options).info.iterations;
  options.refresh = reached;

  CHECK(solve("0", p, m, options).info.iterations == reached);
  CHECK(heard.count == 0);
}

TEST_CASE("cuda CG: what is not positive is found out at the iteration at which it is without",
          "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  p.m = p.a.normal(p.mask) - 0.3 * Identity();
  for (const bool looks : {false, true}) {
    CgOptions options = iterations(30);
    if (looks) options.tol = 0.0;
    const Solved without = solve("0", p, p.m, options), with = solve("1", p, p.m, options);

    CHECK(with.info.reason == Reason::indefinite);
    CHECK(with.info.iterations == without.info.iterations);
    CHECK(with.info.history == without.info.history);
    CHECK(p.distance(with.x, without.x) == 0.0);
  }
}

TEST_CASE("cuda CG: in a graph a weight that is not finite is named as without", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  const auto message = [&](const char* graphs) {
    // Grows beyond what a float holds.
    const Linop m = Diagonal(full(p.b.shape(), 1e37, DType::f32, p.gpu));
    try {
      const Tensor b = full(p.b.shape(), 1e-3, DType::c64, p.gpu);
      const Switch here(graphs);
      CgOptions options = iterations(20);
      options.x0 = p.x0;
      cg(m * p.m, b, p.gpu, options);
    } catch (const Error& e) {
      return e.message();
    }
    return std::string("no error");
  };

  CHECK_THAT(message("0"), Catch::Contains("; look for NaN or infinity"));
  CHECK(message("1") == message("0"));
}

TEST_CASE("cuda CG: callbacks see each iterate and stop the loop", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  const auto run = [&](const char* graphs) {
    std::vector<double> norms;
    CgOptions options = iterations(20);
    options.on_iteration = [&](const Iteration& now) {
      norms.push_back(norm(now.x, p.gpu));
      // Applications of its own take no part in the graph.
      norms.push_back(norm(p.m(now.x, p.gpu), p.gpu));
      return now.iteration < 7;
    };
    const Solved made = solve(graphs, p, p.m, options);
    CHECK(made.info.reason == Reason::callback);
    CHECK(made.info.iterations == 7);
    CHECK(made.info.graph_launches == (std::string_view(graphs) == "1" ? 5 : 0));
    return norms;
  };

  CHECK(run("1") == run("0"));
}

TEST_CASE("cuda CG: an interrupt stops it between launches", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  std::atomic<bool> cancel = false;
  CgOptions options = iterations(1000);
  options.on_iteration = [&](const Iteration& now) {
    cancel = now.iteration == 5;
    return true;
  };
  const Switch here("1");
  p.gpu.cancel = &cancel;

  CHECK_THROWS_WITH(cg(p.m, p.b, p.gpu, options), "interrupt: stopped on request");

  p.gpu.cancel = nullptr;
  compare(p, iterations(5), 3);  // and the GPU serves as before
}

TEST_CASE("cuda CG: a weight that a callback writes is an error as without graphs",
          "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  const auto message = [&](const char* graphs) {
    const Tensor weight = full(p.b.shape(), 2.0, DType::f32, p.gpu);
    CgOptions options = iterations(20);
    options.on_iteration = [&](const Iteration& now) {
      if (now.iteration == 6) fill(weight, 3.0, p.gpu);
      return true;
    };
    const Linop m = p.m + Diagonal(weight);
    try {
      solve(graphs, p, m, options);
    } catch (const Error& e) {
      return e.message();
    }
    return std::string("no error");
  };

  CHECK(message("1") != "no error");
  CHECK(message("1") == message("0"));
}

TEST_CASE("cuda CG: an operator with a function of the host is not captured, and right",
          "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  int calls = 0;
  const auto twice = [&](const Tensor& x, Context& context) {
    ++calls;
    return binary(Binary::multiply, x, 2.0, context);
  };
  CustomOptions once;
  once.check = false;
  const Linop custom = Custom("... -> ...", {twice, twice}, once);
  const Linop m = p.m + custom, same = p.m + 2.0 * Identity();

  const Solved made = solve("1", p, m, iterations(9)),
               expected = solve("0", p, same, iterations(9));

  CHECK(made.info.graph_launches == 0);
  CHECK(calls == 9);
  CHECK(p.distance(made.x, expected.x) <= 1e-5 * norm(expected.x, p.gpu));

  // Nor is it called for an iteration that is not wanted.
  calls = 0;
  CgOptions options = iterations(100);
  options.tol = 1e-3;
  options.refresh = 0;
  const Solved stopped = solve("1", p, m, options);
  CHECK(stopped.info.reason == Reason::tol);
  CHECK(calls == stopped.info.iterations);
  CHECK(stopped.info.applications == stopped.info.iterations);
}

TEST_CASE("cuda CG: the host sleeps in each iteration where an operator says so", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  const Linop m = p.m * Sleep(1e-5);
  CHECK(solve("1", p, m, iterations(9)).info.graph_launches == 0);
}

TEST_CASE("cuda CG: a plan is captured once its first application was measured", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  PlanRequest request;
  request.input = p.b.shape();
  request.dtype = DType::c64;
  request.devices = {p.where};
  request.base = p.where;
  const Linop planned = as_plan(plan_operator(p.m, request, p.gpu));

  const Solved made = solve("1", p, planned, iterations(9)),
               same = solve("0", p, p.m, iterations(9));

  CHECK(report_of(planned)->measured().has_value());
  CHECK(made.info.graph_launches == 7);
  CHECK(p.distance(made.x, same.x) == 0.0);
}

TEST_CASE("cuda CG: graphs are used where they pay, if nobody says otherwise", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  CHECK(solve(nullptr, p, p.m, iterations(30)).info.graph_launches == 28);
  CHECK(solve(nullptr, p, p.m, iterations(6)).info.graph_launches == 0);  // too few
  CHECK(solve("1", p, p.m, iterations(6)).info.graph_launches == 4);
  CHECK_THROWS_WITH(solve("yes", p, p.m, iterations(6)),
                    "graph: LUNOPS_CUDA_GRAPHS=yes is no switch; write LUNOPS_CUDA_GRAPHS=0 or "
                    "LUNOPS_CUDA_GRAPHS=1");
}

TEST_CASE("cuda CG: large problems are issued kernel by kernel", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem p;
  // Nine kernels pass over 13 vectors, each of which takes 16 us: 23 us a kernel.
  const auto n = static_cast<int64_t>(16e-6 * gpu_rates(on_gpu::kGpu).bytes / 16);
  p.b = full(Shape::unnamed({n}), 1.0, DType::c128, p.gpu);
  const Linop m = 2.0 * Identity();

  CHECK(solve(nullptr, p, m, iterations(11)).info.graph_launches == 0);

  // Nor does a workspace stay behind for a graph that was counted and given up.
  FiniteDifferenceOptions circular;
  circular.boundary = "circular";
  const Linop d = FiniteDifference("n", circular);
  const auto peak_of = [&](const char* graphs) {
    Context fresh;
    Context gpu = on_device(p.where, fresh);
    const Switch here(graphs);
    const Tensor b = full(Shape::parse("n=" + std::to_string(n)), 1.0, DType::c128, gpu);
    cg(d * d + 8.0 * Identity(), b, gpu, iterations(11));
    return gpu.account->figures().peak;
  };
  CHECK(peak_of(nullptr) == peak_of("0"));
}

TEST_CASE("cuda CG: two threads solve on one GPU, with graphs and without", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  Problem reference;
  const Solved expected = solve("0", reference, reference.m, iterations(40));
  const Tensor x = expected.x.to(Device::host(), reference.host);
  const Switch here("1");
  std::atomic<int> wrong = 0;
  const auto work = [&] {
    for (int k = 0; k < 5; ++k) {
      Problem p;
      const auto [made, info] = cg(p.m, p.b, p.gpu, iterations(40));
      const Tensor back = made.to(Device::host(), p.host);
      if (norm(binary(Binary::subtract, back, x, p.host), p.host) != 0.0) ++wrong;
      if (info.history != expected.info.history) ++wrong;
      if (info.graph_launches == 0) ++wrong;
    }
  };

  std::thread first(work), second(work);
  first.join();
  second.join();

  CHECK(wrong == 0);
}

TEST_CASE("cuda CG: graphs on each of several virtual GPUs", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  const auto before = virtual_devices();
  VirtualDevices three = *before;
  three.cuda = 3;
  declare_virtual_devices(three);
  std::vector<double> first;
  for (int16_t index = 0; index < 3; ++index) {
    Problem p(Device{DeviceKind::cuda, index});
    compare(p, iterations(10), 8);
    const Solved made = solve("1", p, p.m, iterations(10));
    if (index == 0) first = made.info.history;
    CHECK(made.info.history == first);
  }
  declare_virtual_devices(*before);
}
