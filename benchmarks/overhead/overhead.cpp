// SPDX-License-Identifier: MIT
// What the framework itself costs: operators on 16 elements, second applications into a given
// output (T10, T12).
#include <complex>

#include <benchmark/benchmark.h>

#include "benchmarks/record.hpp"
#include "runtime/device/pool.hpp"
#include "runtime/linop/operators.hpp"

using namespace lunops;

namespace {

Linop chain_of(int nodes, Context& context) {
  Linop chain;
  for (int i = 0; i < nodes; ++i) {
    // FFT and Diagonal do not commute and do not merge.
    const Linop next =
        i % 2 == 0
            ? FFT("x -> x'")
            : Diagonal(randn(Shape::parse("x=16"), DType::c64, static_cast<uint64_t>(i), context),
                       "x");
    chain = chain ? next * chain : next;
  }
  return chain;
}

void apply_into(benchmark::State& state, const Linop& a, Context& context, int nodes) {
  const Tensor x = randn(Shape::parse("x=16"), DType::c64, 1, context);
  const Tensor y = a(x, context);
  a.apply(x, y, {}, context);
  const uint64_t before = Pool::of(Device::host()).figures().allocations;
  for (auto _ : state) {
    a.apply(x, y, {}, context);
    benchmark::DoNotOptimize(y.data());
  }
  const uint64_t allocations = Pool::of(Device::host()).figures().allocations - before;
  if (allocations != 0) state.SkipWithError("an application into a given output allocated");
  state.counters["nodes"] = nodes;
  state.SetLabel("16 elements, c64, given output");
}

void identity(benchmark::State& state) {
  Context context;
  apply_into(state, Identity("x"), context, 1);
}
BENCHMARK(identity)->Name("identity");

void diagonal(benchmark::State& state) {
  Context context;
  apply_into(state, Diagonal(full(Shape::parse("x=16"), 1.0, DType::c64, context), "x"), context,
             1);
}
BENCHMARK(diagonal)->Name("diagonal");

void chain8(benchmark::State& state) {
  Context context;
  apply_into(state, chain_of(8, context), context, 8);
}
BENCHMARK(chain8)->Name("chain_of_8");

void result_too(benchmark::State& state) {
  Context context;
  const Linop a = Diagonal(full(Shape::parse("x=16"), 1.0, DType::c64, context), "x");
  const Tensor x = randn(Shape::parse("x=16"), DType::c64, 1, context);
  for (auto _ : state) {
    const Tensor y = a(x, context);
    benchmark::DoNotOptimize(y.data());
  }
  state.SetLabel("16 elements, c64, new output");
}
BENCHMARK(result_too)->Name("diagonal_new_output");

}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, "overhead"); }
