// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/linop/operators.hpp"

// One problem of middling size for every operator: benchmarks/operators/every.cpp times its
// application, adjoint and normal.
struct BenchmarkCase {
  const char* kind;  // as in tests/laws/cases.txt
  const char* problem;
  std::function<lunops::Linop(lunops::Context&)> make;
  const char* input;  // shape
};

const std::vector<BenchmarkCase>& benchmark_cases();

// Operators with law cases that have no row here; `path` is tests/laws/cases.txt.
std::vector<std::string> operators_without_case(const std::string& path);
