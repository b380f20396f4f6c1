// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/linop/operators.hpp"

// One problem of middling size for every operator: benchmarks/operators/every.cpp times its
// application, adjoint and normal.
struct BenchmarkCase {
  std::string kind;  // as in tests/laws/cases.txt
  std::string problem;
  std::function<lunops::Linop(lunops::Context&)> make;
  std::string input;  // shape
};

const std::vector<BenchmarkCase>& benchmark_cases();

// Operators with law cases that have no row here; `path` is tests/laws/cases.txt.
std::vector<std::string> operators_without_case(const std::string& path);
