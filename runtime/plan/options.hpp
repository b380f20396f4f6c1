// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/backend/view.hpp"
#include "runtime/linop/operators.hpp"

namespace lunops {

// What the planner is asked for.
struct PlanOptions {
  int applications = 20;  // how often, for what is worth building
  bool rewrite = true;
  std::vector<std::string> without = {};    // names of rules that are switched off
  Toeplitz toeplitz = Toeplitz::automatic;  // over the operator's own choice, unless automatic
  enum class Dense : uint8_t { automatic, pair, fused } dense = Dense::automatic;
  // The same bits for any sizes of tiles, devices and threads (splitting.md §10): kernels give each
  // index of a batch the same bits for every batch size, choices do not look at what is cut.
  bool deterministic = false;
  int dropped_wait = -1;  // a wait between queues that is left out: the fault that tests plant
  bool is_dry = false;    // shapes and costs only: nothing is made, and the plan cannot run

  SumOrder sum_order() const { return deterministic ? SumOrder::fixed : SumOrder::fastest; }
  bool allows(std::string_view rule) const {
    return rewrite && std::find(without.begin(), without.end(), rule) == without.end();
  }
};

// What a planner settled for an operator: its steps are written with these, whoever applies it.
struct PlanChoices {
  int applications = 20;
  Toeplitz toeplitz = Toeplitz::automatic;
};

}  // namespace lunops
