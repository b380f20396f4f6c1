// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/plan/batch.hpp"
#include "runtime/plan/figures.hpp"
#include "runtime/plan/options.hpp"

namespace lunops {

struct PlanRequest {
  Shape input;
  DType dtype = DType::c64;
  std::vector<Device> devices = {};   // where tiles may run; empty: the base
  std::optional<Device> base = {};    // of input and output; else where A's weights are
  std::optional<size_t> memory = {};  // bytes that each device may use; else its account's budget
  std::vector<std::pair<Device, size_t>> budgets = {};        // over `memory`, by device
  std::vector<Dim> only = {};                                 // dims that may be cut; empty: all
  std::vector<Dim> never = {};                                // dims that may not
  std::vector<std::pair<std::string, int64_t>> extents = {};  // of batch dims
  std::optional<Determinism> determinism = {};                // as of lo.batch
  bool least_memory = false;                                  // instead of least time
  PlanOptions options = {};
};

// An operator, cut and placed.
struct PlannedOperator {
  Linop op;
  PlanFigures estimate;
  PlanChoices choices;
  std::string tiles;  // "coil 8 = 4 x 2 on cpu:0, cpu:1; prefetch 1", or "one tile"
};

// Chooses which dims to cut, the sizes of tiles and where they run, so that no device needs more
// than its budget and an application takes the least time; of choices within 3 % of it the one with
// fewest tiles, then that which cuts kept before out-only before inner before in-only dims.  A
// NUFFT normal that fits by gridding only runs so, unless the operator says toeplitz = true.
// Nothing is allocated: every candidate is planned dry.  The same call gives the same answer.
//
// Throws Error{device_memory} if nothing fits, with what the smallest tiles need and a budget that
// would do; Error{shape} for dims that A lacks.
PlannedOperator plan_operator(const Linop& a, const PlanRequest& request, Context& context);

// The same as an operator that remembers its estimate, and what its first application takes.
Linop as_plan(const PlannedOperator& planned);
// Of what as_plan made, in any mode; null for other operators.
std::shared_ptr<const PlanReport> report_of(const Linop& a);
// The operator within; Error{argument} for operators that are no plan.
Linop planned_operator(const Linop& plan);

}  // namespace lunops
