// SPDX-License-Identifier: MIT
#pragma once

#include "benchmarks/gpu/measure.hpp"

namespace lunops::bench {

// The targets T18 to T23 and T26 of the project, with the ceilings of the card in the same run.
// `there` is a context on settings.device.  Each prints and records; what has no kernel there
// throws Error{unsupported}.
void copy_ceiling(const Settings& settings, Context& there, Report& report);
void fft_ceilings(const Settings& settings, Context& there, Report& report);
void nufft_cases(const Settings& settings, Context& host, Context& there, Report& report);
void normal_cases(const Settings& settings, Context& host, Context& there, Report& report);
void solver_cases(const Settings& settings, Context& host, Context& there, Report& report);
void determinism_cases(const Settings& settings, Context& host, Context& there, Report& report);

}  // namespace lunops::bench
