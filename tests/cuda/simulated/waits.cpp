// SPDX-License-Identifier: MIT
// How often the host waits for a GPU.
#include <catch2/catch.hpp>

#include "runtime/backend/cuda/streams.hpp"
#include "runtime/device/arena.hpp"
#include "runtime/device/graph.hpp"
#include "runtime/device/issued_work.hpp"
#include "runtime/linop/core.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/solver/solver.hpp"
#include "tests/cuda/on_gpu.hpp"
#include "tests/cuda/simulated/gpu.hpp"

using namespace lunops;

namespace {

// A SENSE operator and an image on the GPU.
struct Problem {
  Context host;
  Context gpu = on_device(on_gpu::kGpu, host);
  Linop a = FFT("y x -> ky kx") * Dense(random("coil=4 y=16 x=12", 1), "y x -> coil y x");
  Tensor x = random("y=16 x=12", 2);

  Tensor random(const std::string& shape, uint64_t seed) {
    return randn(Shape::parse(shape), DType::c64, seed, host).to(on_gpu::kGpu, gpu);
  }
};

// All iterations of a solve.
struct Solve {
  Problem p;
  Linop m = p.a.normal(Identity()) + 0.5 * Identity();
  Tensor b = m(p.x, p.gpu);

  SolverInfo operator()(int iterations, std::optional<double> tol) {
    CgOptions options;
    options.iters = iterations;
    options.tol = tol;
    options.refresh = 0;
    const SolverInfo info = cg(m, b, p.gpu, options).second;
    CHECK(info.iterations == iterations);
    return info;
  }
};

}  // namespace

TEST_CASE("cuda: applications into a given output make the host wait for nothing") {
  Problem p;
  for (const Linop& op : {p.a, p.a.normal(Identity())}) {
    const Tensor y = op(p.x, p.gpu);  // plans
    op.apply(p.x, y, {}, p.gpu);
    const int64_t before = simulated::waits();

    for (int i = 0; i < 5; ++i) op.apply(p.x, y, {}, p.gpu);

    CHECK(simulated::waits() == before);
  }
}

TEST_CASE("cuda: Toeplitz normals and convolutions make the host wait for nothing") {
  Problem p;
  NUFFTOptions options;
  options.units = "normalized";
  options.toeplitz = Toeplitz::always;
  const Tensor points = binary(
      Binary::subtract, rand(Shape::parse("sample=200 d=2"), DType::f32, 3, p.host), 0.5, p.host);
  const Linop f = NUFFT(points.to(on_gpu::kGpu, p.gpu), "y x -> sample", options);
  const Linop s = Dense(p.random("coil=4 y=16 x=12", 4), "y x -> coil y x");
  const Linop k = Convolution(p.random("y=3 x=5", 5));
  for (const Linop& op : {(f * s).N(), f.N(), k, k.N()}) {
    const Tensor y = op(p.x, p.gpu);  // plans
    op.apply(p.x, y, {}, p.gpu);
    const int64_t before = simulated::waits();
    const uint64_t allocations = p.gpu.account->figures().allocations;

    for (int i = 0; i < 5; ++i) op.apply(p.x, y, {}, p.gpu);

    CHECK(simulated::waits() == before);
    CHECK(p.gpu.account->figures().allocations == allocations);
  }
}

TEST_CASE("cuda: a kernel's fault names the operators that were at work") {
  Problem p;
  const Tensor y = p.a(p.x, p.gpu);
  p.gpu.stream->wait();
  const auto& native = *static_cast<const cuda::GpuStream*>(p.gpu.stream->native());

  p.a.apply(p.x, y, {}, p.gpu);
  simulated::issue(native.stream, [] { simulated::fail(cudaErrorIllegalAddress); });

  CHECK_THROWS_WITH(p.gpu.stream->wait(),
                    Catch::Contains("(error 700), in work that was issued since the host last "
                                    "waited: Dense on cuda:0, FFT on cuda:0; the device cannot"));
  p.gpu.stream->wait();
}

TEST_CASE("cuda: a fault in a graph names the operators that are in it") {
  Problem p;
  const Tensor y = p.a(p.x, p.gpu);
  p.gpu.stream->wait();
  const auto& native = *static_cast<const cuda::GpuStream*>(p.gpu.stream->native());
  const auto plan = p.a.core()->plans().get(p.a.node(), p.x, &y, p.gpu);
  const Arena::Lease lease = Arena::lease(plan->workspace(), p.gpu);
  const Arena::Loan loan(lease, on_gpu::kGpu);
  const Graph graph(on_gpu::kGpu, [&] { p.a.apply(p.x, y, {}, p.gpu); });
  CHECK(issued_text().empty());  // captured is not issued

  graph.launch();
  simulated::issue(native.stream, [] { simulated::fail(cudaErrorIllegalAddress); });

  CHECK_THROWS_WITH(p.gpu.stream->wait(),
                    Catch::Contains("since the host last waited: Dense on cuda:0, FFT on cuda:0;"));
  p.gpu.stream->wait();
}

TEST_CASE("cuda: conjugate gradients look at their scalars once per iteration, or never") {
  Solve solve;
  const auto waits_of = [&](int iterations, std::optional<double> tol) {
    const int64_t before = simulated::waits();
    const SolverInfo info = solve(iterations, tol);
    CHECK(info.history.size() == static_cast<size_t>(iterations) + 1);
    return simulated::waits() - before;
  };
  waits_of(2, 0.0);  // plans

  CHECK(waits_of(9, 0.0) - waits_of(4, 0.0) == 5);
  CHECK(waits_of(9, std::nullopt) == waits_of(4, std::nullopt));
  waits_of(0, std::nullopt);
}

TEST_CASE("cuda: an iteration in a graph is one launch, and one more with a look") {
  Solve solve;
  const auto launches_of = [&](int iterations, std::optional<double> tol) {
    const int64_t before = simulated::launches();
    const SolverInfo info = solve(iterations, tol);
    CHECK(info.graph_launches == iterations - 2);
    return simulated::launches() - before;
  };
  launches_of(20, std::nullopt);  // plans

  CHECK(launches_of(30, std::nullopt) - launches_of(20, std::nullopt) == 10);
  CHECK(launches_of(30, 0.0) - launches_of(20, 0.0) == 20);
}
