// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <benchmark/benchmark.h>

// Runs the registered benchmarks and writes one JSON record per benchmark (schema:
// benchmarks/record.schema.json).
//
// Options besides Google Benchmark's own: --json FILE appends records; --quick runs each once and
// shortly; names that do not start with
// '-' are filters.  A benchmark may set the counters flops, bytes, error, planning_seconds (per
// application) and a label, which becomes `problem`.
int run_benchmarks(int argc, char** argv, const std::string& suite);
