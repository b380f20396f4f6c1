// SPDX-License-Identifier: MIT
// Applications in a CUDA graph (runtime/device/graph.hpp), on cuda:0.
#include <catch2/catch.hpp>

#include "runtime/core/error.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/graph.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "tests/cuda/on_gpu.hpp"

using namespace lunops;

namespace {

struct OnBoth {
  Context host;
  Context gpu = on_device(on_gpu::kGpu, host);

  Tensor random(const std::string& shape, uint64_t seed, DType dtype = DType::c128) {
    return randn(Shape::parse(shape), dtype, seed, host);
  }
  Tensor there(const Tensor& x) { return x.to(on_gpu::kGpu, gpu); }
  Tensor back(const Tensor& x) { return x.to(Device::host(), host); }
  void copy(const Tensor& from, const Tensor& to) {
    gpu.backend().copy(from.view(), false, to.view(), *gpu.stream);
  }
  double distance(const Tensor& made, const Tensor& expected) {
    return norm(binary(Binary::subtract, back(made), expected, host), host) / norm(expected, host);
  }
};

// One application, captured after one that was not.
struct Captured {
  Captured(const Linop& a, const Tensor& x, OnBoth& p)
      : y(a(x, p.gpu)), plan(a.core()->plans().get(a.node(), x, &y, p.gpu)) {
    lease = Arena::lease(plan->workspace(), p.gpu);
    const Arena::Loan loan(lease, on_gpu::kGpu);
    graph = std::make_unique<Graph>(on_gpu::kGpu, [&] { a.apply(x, y, {}, p.gpu); });
  }

  Tensor y;
  std::shared_ptr<const Plan> plan;
  Arena::Lease lease;
  std::unique_ptr<Graph> graph;
};

// The largest error of three launches, for other data each time.
double error_of(const Linop& a, const std::string& shape, OnBoth& p, DType dtype = DType::c128) {
  const Linop on_gpu = a.to(on_gpu::kGpu, p.gpu);
  const Tensor x = p.there(p.random(shape, 1, dtype));
  const Captured captured(on_gpu, x, p);
  CHECK(captured.plan->is_repeatable());
  CHECK(captured.graph->kernels() > 0);
  double worst = 0;
  for (const uint64_t seed : {2, 3, 4}) {
    const Tensor data = p.random(shape, seed, dtype);
    p.copy(p.there(data), x);
    captured.graph->launch();
    worst = std::max(worst, p.distance(captured.y, a(data, p.host)));
  }
  return worst;
}

Linop nufft(const std::string& pattern, const std::string& points, Toeplitz toeplitz, OnBoth& p) {
  NUFFTOptions options;
  options.units = "cycles";
  options.toeplitz = toeplitz;
  if (pattern.starts_with("y x")) options.extent = {{"y", 10}, {"x", 9}};
  const Tensor unit = rand(Shape::parse(points), DType::f64, 9, p.host);
  return NUFFT(binary(Binary::multiply, binary(Binary::subtract, unit, 0.5, p.host), 9, p.host),
               pattern, options);
}

}  // namespace

TEST_CASE("cuda graph: twice x, by hand, is twice what x is at each launch", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  OnBoth p;
  const auto numbers = [&](c128 a, c128 b) {
    return p.there(from_values(Shape::parse("n=2"), DType::c128, std::vector<c128>{a, b}, p.host));
  };
  const auto number_of = [&](const Tensor& there, int64_t i) {
    return value_at(p.back(there), std::vector<int64_t>{i});
  };
  const Tensor x = numbers(1, 2);
  const Captured captured(2.0 * Identity(), x, p);
  p.copy(numbers(0, 0), captured.y);

  CHECK(number_of(captured.y, 1) == 0.0);  // nothing ran yet
  captured.graph->launch();
  CHECK(number_of(captured.y, 1) == 4.0);
  p.copy(numbers(5, {0, 3}), x);
  captured.graph->launch();
  CHECK(number_of(captured.y, 0) == 10.0);
  CHECK(number_of(captured.y, 1) == c128(0, 6));
}

TEST_CASE("cuda graph: applications are those of the reference for other data each time",
          "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  OnBoth p;
  p.host = Context(Backend::reference());
  // To the tolerance of the transforms, on small images.
  constexpr double kTransform = 2e-5;
  const Linop two = nufft("y x -> spoke sample", "spoke=5 sample=30 d=2", Toeplitz::never, p);
  const Linop three = nufft("z y x -> sample", "sample=80 d=3", Toeplitz::never, p);
  CHECK(error_of(two, "coil=3 y=10 x=9", p) <= kTransform);
  CHECK(error_of(two, "coil=3 y=10 x=9", p, DType::c64) <= kTransform);
  CHECK(error_of(two.H(), "coil=3 spoke=5 sample=30", p) <= kTransform);
  CHECK(error_of(three, "z=6 y=5 x=4", p) <= kTransform);

  const Linop toeplitz = nufft("y x -> spoke sample", "spoke=5 sample=30 d=2", Toeplitz::always, p);
  const Linop maps = Dense(p.random("coil=3 y=10 x=9", 5), "y x -> coil y x");
  CHECK(error_of((toeplitz * maps).N(), "y=10 x=9", p) <= kTransform);

  CHECK(error_of(FFT("y x -> ky kx"), "coil=3 y=10 x=9", p) <= 1e-12);
  CHECK(error_of(FFT("z y x -> kz ky kx").H(), "kz=4 ky=10 kx=9", p, DType::c64) <= 1e-5);
  CHECK(error_of(Dense(p.random("m=40 n=30", 6), "n -> m"), "batch=7 n=30", p) <= 1e-12);
  CHECK(error_of(Dense(p.random("m=40 n=30", 6), "n -> m").N(), "batch=7 n=30", p) <= 1e-12);
  CHECK(error_of(Convolution(p.random("y=3 x=5", 7)), "y=10 x=9", p) <= 1e-12);
}

TEST_CASE("cuda graph: deterministic plans give the bits that they give without", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  OnBoth p;
  const Linop a = nufft("y x -> spoke sample", "spoke=5 sample=30 d=2", Toeplitz::never, p)
                      .to(on_gpu::kGpu, p.gpu);
  const Linop adjoint = a.H();
  const Tensor x = p.there(p.random("coil=2 spoke=5 sample=30", 1, DType::c64));
  const auto plan =
      make_plan(adjoint.node(), *x.layout(), x.dtype(), nullptr, p.gpu, {.deterministic = true});
  const Tensor expected = p.back(plan->run(x, p.gpu)),
               y = zeros(expected.shape(), x.dtype(), p.gpu);
  const Arena::Lease lease = Arena::lease(plan->workspace(), p.gpu);
  const Arena::Loan loan(lease, on_gpu::kGpu);
  const Graph graph(on_gpu::kGpu, [&] { plan->run(x, y, {}, p.gpu); });

  graph.launch();
  graph.launch();

  CHECK(p.distance(y, expected) == 0.0);
}

TEST_CASE("cuda graph: it follows what its stream has, and what comes later follows it",
          "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  OnBoth p;
  const Tensor x = p.there(p.random("n=1000", 1)), z = p.there(p.random("n=1000", 2));
  const Linop twice = 2.0 * Identity();
  const Captured captured(twice, x, p);

  p.copy(z, x);
  captured.graph->launch();
  const Tensor four = twice(captured.y, p.gpu);
  p.copy(four, x);
  captured.graph->launch();

  const Tensor expected = binary(Binary::multiply, p.back(z), 8.0, p.host);
  CHECK(p.distance(captured.y, expected) == 0.0);
}

TEST_CASE("cuda graph: what no graph can hold is an error, and the GPU goes on", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  OnBoth p;
  const Linop a = FFT("x -> kx");
  const Tensor x = p.there(p.random("x=20000", 1)), y = a(x, p.gpu);
  const auto message = [&](const std::function<void()>& work) {
    try {
      const Graph graph(on_gpu::kGpu, [&] {
        p.copy(x, y);
        work();
      });
    } catch (const Error& e) {
      return e.message();
    }
    return std::string("no error");
  };

  CHECK(message([&] { Tensor::empty(x.shape(), x.dtype(), p.gpu); }) ==
        "new memory cannot be part of a CUDA graph");
  CHECK(message([&] { norm(x, p.gpu); }) == "a number for the host cannot be part of a CUDA graph");
  CHECK(message([&] { a.apply(x, y, {}, p.gpu); }) ==
        "a workspace of its own cannot be part of a CUDA graph");
  CHECK(message([&] { p.gpu.stream->wait(); }) ==
        "a wait of the host cannot be part of a CUDA graph");
  double number = 0;
  CHECK(message([&] { p.gpu.backend().fetch(x.data(), &number, 8, *p.gpu.stream); }) ==
        "a number for the host cannot be part of a CUDA graph");
  CHECK(message([&] { Graph(on_gpu::kGpu, [] {}); }) ==
        "another graph cannot be part of a CUDA graph");
  CHECK(message([&] { fail(Code::numeric, "test", "what the work throws"); }) ==
        "what the work throws");
  CHECK_FALSE(is_capturing());
  // One that can be held, after all these.
  const Captured captured(a, x, p);
  captured.graph->launch();
  CHECK(p.distance(captured.y, a(p.back(x), p.host)) <= 1e-12);
}

TEST_CASE("cuda graph: plans with functions of the host are not repeatable", "[cuda][graph]") {
  if (!on_gpu::is_here()) return;
  OnBoth p;
  const Tensor x = p.there(p.random("n=8", 1));
  const auto is_repeatable = [&](const Linop& a) {
    const Tensor y = a(x, p.gpu);
    return a.core()->plans().get(a.node(), x, &y, p.gpu)->is_repeatable();
  };
  TraceOptions options;
  options.look = [](const Tensor&, std::string_view, Context&) {};

  CHECK(is_repeatable(2.0 * Identity()));
  CHECK_FALSE(is_repeatable(2.0 * Trace("...", options)));
}
