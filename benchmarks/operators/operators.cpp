// SPDX-License-Identifier: MIT
// Every operator by itself; then operators as users compose them, and CG on the main problem's.
#include <cmath>
#include <memory>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "benchmarks/operators/cases.hpp"
#include "benchmarks/operators/every.hpp"
#include "benchmarks/record.hpp"
#include "runtime/linop/operators.hpp"
#include "runtime/plan/explain.hpp"
#include "runtime/solver/solver.hpp"

using namespace lunops;

namespace {

// Problem M1: 256², 8 coils, 96 spokes × 512 samples.
struct Problem {
  Context context;
  Tensor trajectory;
  Linop f, s, a;

  explicit Problem(int64_t size = 256,
                   int64_t coils = 8,
                   int64_t spokes = 96,
                   int64_t samples = 512) {
    trajectory = Tensor::empty(Shape::parse(fmt::format("spoke={} sample={} d=2", spokes, samples)),
                               DType::f64, context);
    double* k = trajectory.data_as<double>();
    for (int64_t i = 0; i < spokes; ++i) {
      const double angle = M_PI * static_cast<double>(i) / static_cast<double>(spokes);
      for (int64_t j = 0; j < samples; ++j, k += 2) {
        const double radius = static_cast<double>(j - samples / 2) * static_cast<double>(size) /
                              static_cast<double>(samples);
        k[0] = radius * std::sin(angle);
        k[1] = radius * std::cos(angle);
      }
    }
    NUFFTOptions options;
    options.extent = {{"y", size}, {"x", size}};
    f = NUFFT(trajectory, "y x -> spoke sample", options);
    s = Dense(randn(Shape::parse(fmt::format("coil={} y={} x={}", coils, size, size)), DType::c64,
                    2, context),
              "y x -> coil y x");
    a = f * s;
  }
};

Problem& m1() {
  static auto* problem = new Problem;
  return *problem;
}

void apply(benchmark::State& state,
           const Linop& a,
           const Shape& shape,
           Context& context,
           const char* label) {
  const Tensor x = randn(shape, DType::c64, 1, context);
  const Tensor y = a(x, context);
  for (int i = 0; i < 3; ++i) a.apply(x, y, {}, context);
  for (auto _ : state) a.apply(x, y, {}, context);
  const Explained plan = explain(a, shape, DType::c64, context);
  state.counters["flops"] = plan.flops;
  state.counters["bytes"] = plan.bytes;
  state.counters["planning_seconds"] = plan.planning_seconds;
  state.SetLabel(label);
}

constexpr const char* kM1 = "256 x 256, 8 coils, 96 spokes x 512 samples, c64, tol 1e-4";

void forward(benchmark::State& state) {
  apply(state, m1().a, Shape::parse("y=256 x=256"), m1().context, kM1);
}
BENCHMARK(forward)->Name("sense_forward")->Unit(benchmark::kMillisecond)->UseRealTime();

void adjoint(benchmark::State& state) {
  apply(state, m1().a.H(), Shape::parse("coil=8 spoke=96 sample=512"), m1().context, kM1);
}
BENCHMARK(adjoint)->Name("sense_adjoint")->Unit(benchmark::kMillisecond)->UseRealTime();

void normal(benchmark::State& state) {
  apply(state, m1().a.N(), Shape::parse("y=256 x=256"), m1().context, kM1);
}
BENCHMARK(normal)->Name("sense_normal")->Unit(benchmark::kMillisecond)->UseRealTime();

void dense(benchmark::State& state) {
  apply(state, m1().s, Shape::parse("y=256 x=256"), m1().context, "coil=8 y=256 x=256, c64");
}
BENCHMARK(dense)->Name("coil_maps")->Unit(benchmark::kMillisecond)->UseRealTime();

void fft(benchmark::State& state) {
  const int64_t n = state.range(0);
  Context context;
  const Shape shape = Shape::parse(fmt::format("coil=8 y={0} x={0}", n));
  apply(state, FFT("y x -> ky kx"), shape, context, "8 images, c64, centred, orthonormal");
}
BENCHMARK(fft)
    ->Name("fft")
    ->Arg(256)
    ->Arg(320)
    ->Arg(512)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// The FFT of images between zeros on a grid twice as large, as one pruned transform; and in two
// steps, which is what pruning is compared with.
void padded_fft(benchmark::State& state) {
  const int64_t n = state.range(0);
  Context context;
  PadOptions o;
  o.to = {{"y", 2 * n}, {"x", 2 * n}};
  const Shape shape = Shape::parse(fmt::format("coil=8 y={0} x={0}", n));
  apply(state, FFT("y x -> ky kx") * Pad("y x", o), shape, context, "8 images, c64, pruned");
}
BENCHMARK(padded_fft)->Name("padded_fft")->Arg(256)->Unit(benchmark::kMillisecond)->UseRealTime();

void unpruned_fft(benchmark::State& state) {
  const int64_t n = state.range(0);
  Context context;
  PadOptions o;
  o.to = {{"y", 2 * n}, {"x", 2 * n}};
  const Tensor x =
      randn(Shape::parse(fmt::format("coil=8 y={0} x={0}", n)), DType::c64, 1, context);
  const Linop p = Pad("y x", o), f = FFT("y x -> ky kx");
  Tensor padded = p(x, context);
  Tensor y = f(padded, context);
  for (auto _ : state) {
    p.apply(x, padded, {}, context);
    f.apply(padded, y, {}, context);
  }
  state.SetLabel("8 images, c64, Pad and then FFT");
}
BENCHMARK(unpruned_fft)
    ->Name("unpruned_fft")
    ->Arg(256)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void solve(benchmark::State& state) {
  Problem& p = m1();
  const Tensor b = p.a.H()(
      randn(Shape::parse("coil=8 spoke=96 sample=512"), DType::c64, 3, p.context), p.context);
  CgOptions options;
  options.iters = 10;
  options.tol.reset();
  const Linop n = p.a.N();
  cg(n, b, p.context, options);
  for (auto _ : state) cg(n, b, p.context, options);
  state.SetLabel("10 iterations on the M1 normal operator");
}
BENCHMARK(solve)->Name("cg_10")->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

// Every operator that the laws know needs a case.
int main(int argc, char** argv) {
  const std::vector<std::string> missing = operators_without_case(LUNOPS_LAW_CASES);
  for (const std::string& kind : missing)
    fmt::print(stderr, "benchmark: no case for {}; add one to benchmarks/operators/cases.cpp\n",
               kind);
  if (!missing.empty()) return 1;
  if (argc == 2 && std::string_view(argv[1]) == "--check") return 0;
  register_every_operator();
  return run_benchmarks(argc, argv, "operators");
}
