// SPDX-License-Identifier: MIT
// Every operator: its application, adjoint and normal, planned, from the second application on.
#include "benchmarks/operators/every.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "benchmarks/operators/cases.hpp"
#include "runtime/core/error.hpp"
#include "runtime/plan/explain.hpp"

using namespace lunops;

namespace {

void time_application(benchmark::State& state, const BenchmarkCase& each, const char* what) {
  Context context;
  const Linop forward = each.make(context);
  const Shape input = Shape::parse(each.input);
  const std::string_view form = what;
  Linop a = forward;
  Tensor x = randn(input, DType::c64, 1, context);
  try {
    if (form == "adjoint") x = forward(x, context), a = forward.H();
    if (form == "normal") a = forward.N();
    const Tensor y = a(x, context);
    a.apply(x, y, {}, context);
    for (auto _ : state) a.apply(x, y, {}, context);
    const Explained plan = explain(a, x.shape(), x.dtype(), context);
    state.counters["flops"] = plan.flops;
    state.counters["bytes"] = plan.bytes;
    state.counters["planning_seconds"] = plan.planning_seconds;
  } catch (const Error& e) {
    state.SkipWithError(e.what());
    return;
  }
  state.SetLabel(each.problem);
}

}  // namespace

void register_every_operator() {
  for (const BenchmarkCase& each : benchmark_cases())
    for (const char* what : {"apply", "adjoint", "normal"})
      benchmark::RegisterBenchmark(
          fmt::format("{}/{}", each.kind, what).c_str(),
          [&each, what](benchmark::State& state) { time_application(state, each, what); })
          ->Unit(benchmark::kMicrosecond)
          ->UseRealTime();
}
