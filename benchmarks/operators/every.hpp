// SPDX-License-Identifier: MIT
#pragma once

// Registers three benchmarks, apply, adjoint and normal, for each case of cases.hpp.
void register_every_operator();
